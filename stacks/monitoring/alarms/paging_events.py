"""EventBridge rules that page for events of AWS services that no metric shows."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns

from constructs import Construct
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.names import trail_name


class PagingEvents(Construct):
    """The rules on failed rotations of secrets, and on a stopped or deleted audit trail."""

    def __init__(
        self, scope: Construct, construct_id: str, *, factory: AlarmFactory, topic: sns.ITopic
    ) -> None:
        """Create the rules.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            factory: The factory of the metric alarms, for names and runbook links.
            topic: The topic of the events. Its policy allows EventBridge to publish without a
                condition, because EventBridge does not support one in the policy of a topic.
        """
        super().__init__(scope, construct_id)
        self._factory = factory
        self._topic = topic
        self._page_for_failed_rotation()
        self._page_for_stopped_trail()

    def _page_for_failed_rotation(self) -> None:
        stack = cdk.Stack.of(self)
        secrets = f"arn:{stack.partition}:secretsmanager:{stack.region}:{stack.account}:secret:"
        prefix = f"{secrets}{self._factory.settings.resource_name()}/"
        self._create_rule(
            "RotationFailed",
            runbook_section="rotation-failed",
            summary="Secrets Manager could not rotate a secret. The old value stays in use.",
            source="aws.secretsmanager",
            detail_type="AWS Service Event via CloudTrail",
            detail={
                "eventName": ["RotationFailed"],
                "additionalEventData": {"SecretId": [{"prefix": prefix}]},
            },
            subject_path="$.detail.additionalEventData.SecretId",
        )

    def _page_for_stopped_trail(self) -> None:
        stack = cdk.Stack.of(self)
        name = trail_name(self._factory.settings)
        arn = f"arn:{stack.partition}:cloudtrail:{stack.region}:{stack.account}:trail/{name}"
        self._create_rule(
            "TrailStopped",
            runbook_section="trail-stopped",
            summary="Somebody stopped or deleted the audit trail. Nothing records API calls.",
            source="aws.cloudtrail",
            detail_type="AWS API Call via CloudTrail",
            detail={
                "eventName": ["StopLogging", "DeleteTrail"],
                "requestParameters": {"name": [name, arn]},
            },
            subject_path="$.detail.userIdentity.arn",
        )

    def _create_rule(
        self,
        construct_id: str,
        *,
        runbook_section: str,
        summary: str,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        subject_path: str,
    ) -> None:
        """Create a rule that publishes a sentence with the event's subject, time and runbook.

        Args:
            construct_id: The id of the rule.
            runbook_section: The section of docs/runbooks/alarms.md.
            summary: What the event means.
            source: The event's source.
            detail_type: The event's detail type.
            detail: The pattern that the event's detail matches.
            subject_path: The JSON path of the resource or the identity that the event is about.
        """
        name = self._factory.alarm_name(runbook_section)
        rule = events.Rule(
            self,
            construct_id,
            description=name,
            event_pattern=events.EventPattern(
                source=[source], detail_type=[detail_type], detail=dict(detail)
            ),
        )
        subject = events.EventField.from_path(subject_path)
        message = events.RuleTargetInput.from_text(
            f"{name}: {summary} {subject}, {events.EventField.time}. "
            f"Runbook: {self._factory.runbook_section_url(runbook_section)}"
        )
        rule.add_target(targets.SnsTopic(self._topic, message=message))
        # The topic includes its policy. EventBridge loses an event that it may not publish.
        rule.node.add_dependency(self._topic)
