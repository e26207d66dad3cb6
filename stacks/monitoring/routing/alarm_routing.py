"""Which alarms page, which notify, and when neither does.

A page is a composite alarm, so that a failure and its consequences are one: whatever order they
come in, the first sets it off and the others find it set off. A warning is a composite alarm
since only such a one can be suppressed. There is one a kind, not one a component: a database
short of CPU for weeks must not hide that its storage runs out.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings.maintenance import DAYS
from stacks.monitoring.routing.suppression_schedule import (
    SuppressionSchedule,
    SuppressionScheduleRole,
    outside_business_hours,
)
from stacks.shared.alarm_factory import Advice, AlarmFactory, WarningGroup, construct_id

_SETTLE = cdk.Duration.minutes(5)
"""What a suppressor may take to go off after what it suppresses, and things to be well after it.
Longer than the clock's step, so that a warning of the first minutes of the evening is held."""


class AlarmRouting:
    """Decides who is told of an alarm. Metric alarms themselves have no actions."""

    def __init__(
        self, scope: Construct, make: AlarmFactory, *, critical: sns.ITopic, warning: sns.ITopic
    ) -> None:
        """Make the clocks that quiet alarms.

        Args:
            scope: where the alarms are made.
            make: names and describes them.
            critical: pages at once.
            warning: is read in business hours.
        """
        self._scope = scope
        self._make = make
        self._critical = actions.SnsAction(critical)
        self._warning = actions.SnsAction(warning)
        settings = make.settings
        hours = settings.monitoring.business_hours
        role = SuppressionScheduleRole(scope, "Clocks", settings=settings).role
        self._evening = SuppressionSchedule(
            scope,
            "BusinessHours",
            make=make,
            name="outside-business-hours",
            description=f"Not {hours.start} to {hours.end} ({hours.time_zone}) of "
            f"{', '.join(day for day in DAYS if day in hours.days)}. Holds warnings back; "
            f"without data it is OK. {make.runbook('outside-business-hours')}",
            time_zone=hours.time_zone,
            role=role,
            is_quiet=outside_business_hours(hours),
        ).alarm
        self._window = SuppressionSchedule(
            scope,
            "MaintenanceWindow",
            make=make,
            name="maintenance-window",
            description=f"The weekly window, {settings.maintenance.weekly_window} (UTC). Holds "
            "back what planned work sets off; without data it is OK. "
            f"{make.runbook('maintenance-window')}",
            time_zone="UTC",
            role=role,
            is_quiet=settings.maintenance.is_in_weekly_window,
        ).alarm

    def page_outage(
        self,
        *,
        always: Sequence[cloudwatch.IAlarmRule],
        unless_planned: Sequence[cloudwatch.IAlarmRule],
    ) -> None:
        """Page once for everything that users notice at once.

        Args:
            always: what no planned work sets off.
            unless_planned: what work in the maintenance window sets off. If it still stands when
                the window ends, it pages then.
        """
        rule = cloudwatch.AlarmRule
        window = rule.from_alarm(self._window, cloudwatch.AlarmState.ALARM)
        planned = rule.all_of(rule.any_of(*unless_planned), rule.not_(window))
        outage = self._composite(
            "outage",
            rule.any_of(*always, planned),
            Advice(
                section="outage",
                means="Users are affected. The alarms that set this off are in the message; others "
                "that follow from the same cause do not page again.",
                look_at="database-unavailable first, then cluster, cache, pods: a cause before "
                "its consequences",
            ),
            self._critical,
        )
        self._outage = outage
        self._quiet = cloudwatch.CompositeAlarm(
            self._scope,
            "Quiet",
            composite_alarm_name=self._make.name("quiet"),
            alarm_description="Outside business hours, or during an outage, of which somebody "
            f"knows. Holds warnings back. {self._make.runbook('quiet')}",
            alarm_rule=rule.any_of(self._evening, outage),
        )

    def page(self, name: str, alarms: Sequence[cloudwatch.IAlarmRule]) -> None:
        """Page unless an outage does, or the maintenance window explains it."""
        if not alarms:
            return
        rule = cloudwatch.AlarmRule
        window = rule.from_alarm(self._window, cloudwatch.AlarmState.ALARM)
        section = name.removesuffix("-page")
        self._composite(
            name,
            rule.all_of(rule.any_of(*alarms), rule.not_(window)),
            Advice(
                section=section,
                means=_PAGES[section],
                look_at="the alarms in this message, each with its own first command",
            ),
            self._critical,
            suppressor=self._outage,
        )

    def page_directly(self, alarm: cloudwatch.Alarm) -> None:
        """Page for an alarm that has neither consequences nor planned work behind it."""
        self._tell(alarm, self._critical)

    def notify(self, group: WarningGroup) -> None:
        """Notify in business hours, and not of the consequences of an outage."""
        self._composite(
            f"{group.advice.section}-warning",
            cloudwatch.AlarmRule.any_of(*group.alarms),
            group.advice,
            self._warning,
            suppressor=self._quiet,
        )

    def _composite(
        self,
        name: str,
        rule: cloudwatch.IAlarmRule,
        advice: Advice,
        action: cloudwatch.IAlarmAction,
        *,
        suppressor: cloudwatch.IAlarm | None = None,
    ) -> cloudwatch.CompositeAlarm:
        alarm = cloudwatch.CompositeAlarm(
            self._scope,
            to_pascal_case(name),
            composite_alarm_name=self._make.name(name),
            alarm_description=self._make.describe(advice),
            alarm_rule=rule,
            actions_suppressor=suppressor,
            actions_suppressor_wait_period=_SETTLE if suppressor else None,
            actions_suppressor_extension_period=_SETTLE if suppressor else None,
        )
        self._tell(alarm, action)
        return alarm

    @staticmethod
    def _tell(alarm: cloudwatch.AlarmBase, action: cloudwatch.IAlarmAction) -> None:
        """Tell when it goes off, and when it is over."""
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)


_PAGES = {
    "replication-broken": "A copy of the data is not kept up: a failover would lose data, and "
    "reads from the copy are old.",
    "pods-crash-looping": "A container has ended right after each start for ten minutes.",
}
