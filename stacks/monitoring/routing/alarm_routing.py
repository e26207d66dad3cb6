"""Routes alarms to the critical or the warning topic, and configures their suppression.

Pages are composite alarms, so that a failure and its consequences page once: the first of them
starts the page, in whatever order they come. Warnings are composite alarms too, because CloudWatch
suppresses the actions of composite alarms only. Each kind of warning has a composite alarm of its
own. With only one for the database, high CPU utilization would hide that the storage runs out: an
alarm that is in ALARM already does not notify again.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings.maintenance import DAYS
from stacks.monitoring.routing.suppression_schedule import (
    SuppressionSchedule,
    SuppressionScheduleRole,
    outside_business_hours,
)
from stacks.shared.alarm_factory import AlarmDescription, AlarmFactory, WarningGroup
from stacks.shared.names import to_pascal_case

_SUPPRESSOR_PERIOD = cdk.Duration.minutes(5)
"""The wait period and the extension period of a suppressed alarm: how long its suppressor may take
to follow it into ALARM, and how long the suppression outlasts the suppressor. It is as long as the
step of a suppression schedule, so that a warning in the first minutes after business hours waits.
"""


class AlarmRouting:
    """Creates the composite alarms that page or notify."""

    def __init__(
        self, scope: Construct, factory: AlarmFactory, *, critical: sns.ITopic, warning: sns.ITopic
    ) -> None:
        """Create the suppression schedules.

        Args:
            scope: The parent construct of the alarms.
            factory: The factory of the metric alarms, for names and descriptions.
            critical: The topic that pages.
            warning: The topic that notifies.
        """
        self._scope = scope
        self._factory = factory
        self._critical = actions.SnsAction(critical)
        self._warning = actions.SnsAction(warning)
        role = SuppressionScheduleRole(scope, "Clocks", settings=factory.settings).role
        self._outside_business_hours = self._suppress_outside_business_hours(role)
        self._maintenance_window = self._suppress_in_maintenance_window(role)

    def page_outage(
        self,
        *,
        always: Sequence[cloudwatch.IAlarmRule],
        outside_maintenance: Sequence[cloudwatch.IAlarmRule],
    ) -> None:
        """Page once for all alarms that mean that users are affected. Call it before the others.

        Args:
            always: Alarms that no planned maintenance causes.
            outside_maintenance: Alarms that planned maintenance causes. One that is still in ALARM
                when the maintenance window ends pages then.
        """
        rule = cloudwatch.AlarmRule
        unplanned = rule.all_of(rule.any_of(*outside_maintenance), self._not_in_window())
        self._outage = self._create_composite(
            "outage",
            rule.any_of(*always, unplanned),
            AlarmDescription(
                runbook_section="outage",
                summary="Users are affected. This message names the alarms that started the "
                "outage. Other alarms with the same cause do not page again.",
                first_check="The causes before the consequences: database-unavailable, then the "
                "alarms on the cluster, the cache and the pods",
            ),
            self._critical,
        )
        self._warning_suppressor = cloudwatch.CompositeAlarm(
            self._scope,
            "Quiet",
            composite_alarm_name=self._factory.alarm_name("quiet"),
            alarm_description="In ALARM outside business hours and during an outage. Suppresses "
            f"warnings. {self._factory.runbook_section_url('quiet')}",
            alarm_rule=rule.any_of(self._outside_business_hours, self._outage),
        )

    def page(self, name: str, alarms: Sequence[cloudwatch.IAlarmRule], *, summary: str) -> None:
        """Page for alarms, except during an outage or in the maintenance window.

        Args:
            name: The composite alarm's name: its runbook section, with or without `-page`.
            alarms: The alarms; nothing is created without any.
            summary: What the page means.
        """
        if not alarms:
            return
        rule = cloudwatch.AlarmRule
        self._create_composite(
            name,
            rule.all_of(rule.any_of(*alarms), self._not_in_window()),
            AlarmDescription(
                runbook_section=name.removesuffix("-page"),
                summary=summary,
                first_check="The first checks of the alarms that this message names",
            ),
            self._critical,
            suppressor=self._outage,
        )

    def page_directly(self, alarm: cloudwatch.Alarm) -> None:
        """Page for an alarm that is no consequence of another and that no maintenance causes."""
        _add_actions(alarm, self._critical)

    def notify(self, group: WarningGroup) -> None:
        """Notify of a warning in business hours, except during an outage."""
        self._create_composite(
            f"{group.description.runbook_section}-warning",
            cloudwatch.AlarmRule.any_of(*group.alarms),
            group.description,
            self._warning,
            suppressor=self._warning_suppressor,
        )

    def _suppress_outside_business_hours(self, role: iam.IRole) -> cloudwatch.Alarm:
        hours = self._factory.settings.monitoring.business_hours
        return SuppressionSchedule(
            self._scope,
            "BusinessHours",
            factory=self._factory,
            name="outside-business-hours",
            description=f"In ALARM except from {hours.start} to {hours.end} ({hours.time_zone}) on "
            f"{', '.join(day for day in DAYS if day in hours.days)}. Suppresses warnings. "
            "Without data it is OK. "
            f"{self._factory.runbook_section_url('outside-business-hours')}",
            time_zone=hours.time_zone,
            role=role,
            is_suppressed=outside_business_hours(hours),
        ).alarm

    def _suppress_in_maintenance_window(self, role: iam.IRole) -> cloudwatch.Alarm:
        maintenance = self._factory.settings.maintenance
        return SuppressionSchedule(
            self._scope,
            "MaintenanceWindow",
            factory=self._factory,
            name="maintenance-window",
            description=f"In ALARM in the weekly maintenance window, {maintenance.weekly_window} "
            "(UTC). Suppresses alarms that planned maintenance causes. Without data it is OK. "
            f"{self._factory.runbook_section_url('maintenance-window')}",
            time_zone="UTC",
            role=role,
            is_suppressed=maintenance.is_in_weekly_window,
        ).alarm

    def _not_in_window(self) -> cloudwatch.IAlarmRule:
        rule = cloudwatch.AlarmRule
        return rule.not_(rule.from_alarm(self._maintenance_window, cloudwatch.AlarmState.ALARM))

    def _create_composite(
        self,
        name: str,
        rule: cloudwatch.IAlarmRule,
        description: AlarmDescription,
        action: cloudwatch.IAlarmAction,
        *,
        suppressor: cloudwatch.IAlarm | None = None,
    ) -> cloudwatch.CompositeAlarm:
        alarm = cloudwatch.CompositeAlarm(
            self._scope,
            to_pascal_case(name),
            composite_alarm_name=self._factory.alarm_name(name),
            alarm_description=self._factory.description_text(description),
            alarm_rule=rule,
            actions_suppressor=suppressor,
            actions_suppressor_wait_period=_SUPPRESSOR_PERIOD if suppressor else None,
            actions_suppressor_extension_period=_SUPPRESSOR_PERIOD if suppressor else None,
        )
        _add_actions(alarm, action)
        return alarm


def _add_actions(alarm: cloudwatch.AlarmBase, action: cloudwatch.IAlarmAction) -> None:
    """Publish when the alarm goes off, and when it returns to OK."""
    alarm.add_alarm_action(action)
    alarm.add_ok_action(action)
