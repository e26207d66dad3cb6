"""Messages that EventBridge Scheduler publishes to SNS topics."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings import StageSettings
from stacks.shared.names import to_pascal_case
from stacks.shared.runbooks import runbook_url
from stacks.shared.topic_permissions import publish_statements

_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""EventBridge Scheduler replaces this keyword with the time of the message."""


class ScheduledMessages:
    """A schedule group, whose schedules publish messages with one role."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: StageSettings,
        topics: Sequence[sns.ITopic],
        topics_key: kms.IKey,
    ) -> None:
        """Create the schedule group and the role.

        Args:
            scope: The parent construct of all resources.
            settings: The stage's settings.
            topics: The topics that the role may publish to.
            topics_key: The KMS key of the topics.
        """
        self.settings = settings
        self._scope = scope
        self.group = scheduler.ScheduleGroup(
            scope,
            "Group",
            schedule_group_name=settings.resource_name("maintenance"),
            # CDK would retain the group, also when a first creation fails. Its fixed name would
            # then make the next creation fail. It holds only schedules of the template.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self._role = self._create_role(topics, topics_key)

    def publish(
        self,
        name: str,
        schedule: str,
        topic: sns.ITopic,
        text: str,
        *,
        runbook: str,
        subject: str | None = None,
    ) -> None:
        """Publish a message by schedule.

        Args:
            name: The last part of the schedule's name.
            schedule: A schedule expression, in UTC.
            topic: The topic to publish to.
            text: The message, to which a link to the runbook is added.
            runbook: The name of a file in docs/runbooks, without `.md`.
            subject: The subject; the stage's resource name and the schedule's name if not given.
        """
        settings = self.settings
        message = f"{text}\nRunbook: {runbook_url(settings, runbook)}\nSent {_SCHEDULED_TIME}."
        scheduler.Schedule(
            self._scope,
            to_pascal_case(name),
            schedule_name=settings.resource_name(name),
            schedule_group=self.group,
            schedule=scheduler.ScheduleExpression.expression(schedule),
            target=targets.Universal(
                service="sns",
                action="publish",
                role=self._role,
                input=scheduler.ScheduleTargetInput.from_object(
                    {
                        "TopicArn": topic.topic_arn,
                        "Subject": subject or f"{settings.resource_name()}: {name}",
                        "Message": message,
                    }
                ),
            ),
        )

    def _create_role(self, topics: Sequence[sns.ITopic], topics_key: kms.IKey) -> iam.IRole:
        """Create the role. Unlike an alarm, a schedule publishes with a role of this account."""
        role = iam.Role(
            self._scope,
            "Publisher",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
                {
                    "StringEquals": {
                        "aws:SourceAccount": cdk.Stack.of(self._scope).account,
                        "aws:SourceArn": self.group.schedule_group_arn,
                    }
                }
            ),
        )
        policy = iam.ManagedPolicy(
            self._scope,
            "PublisherPolicy",
            description="EventBridge Scheduler: announcements and reminders",
            statements=publish_statements(topics_key, *topics),
        )
        # A reference from the role, so that the schedules wait for the policy.
        role.add_managed_policy(policy)
        # CDK's targets would add a policy that allows publishing to every topic. They warn about
        # that policy even where the role does not accept it.
        role_without_updates = role.without_policy_updates()
        cdk.Annotations.of(role_without_updates).acknowledge_warning(
            "@aws-cdk/aws-scheduler-targets:defaultWildcardResourcePolicy"
        )
        return role_without_updates
