"""Planned maintenance: the topic of its announcements, the reminders, and alarms on failures."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings import StageSettings
from stacks.monitoring.alarms.executions import WEEKEND_HOURS, create_execution_warning
from stacks.monitoring.governance.announcements import (
    announce_kubernetes_upgrades,
    announce_node_patches,
)
from stacks.monitoring.governance.pending_maintenance import (
    announce_pending_maintenance,
    pending_maintenance_name,
)
from stacks.monitoring.governance.reminders import (
    remind_of_end_of_support,
    remind_of_quarterly_reviews,
)
from stacks.monitoring.governance.scheduled_messages import ScheduledMessages
from stacks.shared.alarm_factory import AlarmFactory, WarningGroup
from stacks.shared.names import node_patching_name


class Maintenance(Construct):
    """Announces maintenance seven days ahead (INFRASTRUCTURE.md, Planned Maintenance).

    The team's own maintenance has fixed weeks of the month, so a schedule announces it. The
    maintenance of AWS has no fixed weeks, so a state machine asks for it. ACM renews certificates
    outside the window and without an interruption, so nothing announces that.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        factory: AlarmFactory,
        warning_topic: sns.ITopic,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Create the topic of the announcements, the schedules and the alarms on failures.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            factory: The factory of the alarms. The caller routes `failures`.
            warning_topic: The topic of the reminders.
            topics_key: The KMS key of the topics.
            logs_key: The KMS key of the state machine's log group.
        """
        super().__init__(scope, construct_id)
        self.announcements = sns.Topic(
            self,
            "Announcements",
            topic_name=settings.resource_name("announcements"),
            display_name=f"{settings.resource_name()} maintenance",
            master_key=topics_key,
            enforce_ssl=True,
        )
        topics = [self.announcements, warning_topic]
        messages = ScheduledMessages(self, settings=settings, topics=topics, topics_key=topics_key)
        announce_node_patches(messages, self.announcements)
        announce_kubernetes_upgrades(messages, self.announcements)
        self.state_machine = announce_pending_maintenance(
            self,
            settings=settings,
            topic=self.announcements,
            topics_key=topics_key,
            logs_key=logs_key,
        )
        remind_of_quarterly_reviews(messages, warning_topic)
        remind_of_end_of_support(messages, warning_topic)
        self.failures = [
            _create_lost_message_warning(factory, messages.group),
            create_execution_warning(
                factory,
                "node-patches-failed",
                state_machine_name=node_patching_name(settings),
                summary="The nodes do not have this month's patches of the operating system.",
            ),
            create_execution_warning(
                factory,
                "plans-not-read",
                state_machine_name=pending_maintenance_name(settings),
                summary="The maintenance that AWS plans for the data stores is not announced.",
            ),
        ]


def _create_lost_message_warning(
    factory: AlarmFactory, group: scheduler.IScheduleGroup
) -> WarningGroup:
    """Warn when EventBridge Scheduler drops a message after its retries."""
    return factory.create_warning(
        "message-lost",
        group.metric_dropped(statistic="Sum", period=cdk.Duration.hours(1)),
        cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        0,
        summary="An announcement of maintenance, or a reminder, was not sent.",
        first_check=f"The schedules of the group {factory.settings.resource_name('maintenance')}",
        evaluation_periods=WEEKEND_HOURS,
        datapoints_to_alarm=1,
    )
