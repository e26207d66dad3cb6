"""The quarterly access review: a state machine that stores who has access to what."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from settings import StageSettings
from stacks.monitoring.alarms.executions import create_execution_warning
from stacks.monitoring.governance.access_review_states import AccessReviewStates
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.names import cluster_name
from stacks.shared.topic_permissions import publish_statements
from stacks.shared.workflow import Workflow

_FIRST_MONDAY_OF_THE_QUARTER = "cron(0 9 ? 1,4,7,10 MON#1 *)"


class AccessReview(Construct):
    """Collects the access of people and services in the audit bucket: access-review/<date>/.

    Each stage collects its cluster's access entries and their policies. A stage that monitors the
    account also collects the IAM credential report and the findings of Access Analyzer.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        factory: AlarmFactory,
        bucket: s3.IBucket,
        topic: sns.ITopic,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Create the state machine, its schedule and its alarm.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            factory: The factory of the alarm on failures. The caller routes `failures`.
            bucket: The bucket for the files. Its lifecycle rules set how long it keeps them.
            topic: The topic that receives a message when the files are complete.
            topics_key: The KMS key of the topic.
            logs_key: The KMS key of the state machine's log group.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        name = settings.resource_name("access-review")
        workflow = Workflow(
            self,
            "Workflow",
            name=name,
            definition=AccessReviewStates(
                self, settings=settings, bucket=bucket, topic=topic
            ).definition(),
            schedule=_FIRST_MONDAY_OF_THE_QUARTER,
            timeout=cdk.Duration.minutes(30),
            logs_key=logs_key,
        )
        self.state_machine = workflow.state_machine
        for statement in publish_statements(topics_key, topic):
            self.state_machine.add_to_role_policy(statement)
        if bucket.encryption_key is not None:
            # PutObject needs nothing else; `grant_put` would also allow retention and legal hold.
            bucket.encryption_key.grant(self.state_machine, "kms:GenerateDataKey")
        self._acknowledge(self.state_machine)
        self.failures = create_execution_warning(
            factory,
            "access-review-failed",
            state_machine_name=name,
            summary="The files of the quarterly access review are missing. Nobody reviews the "
            "access.",
        )

    def _acknowledge(self, state_machine: sfn.StateMachine) -> None:
        policy = state_machine.role.node.find_child("DefaultPolicy")
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="The credential report of IAM, log delivery and X-Ray need access to all "
            "resources. The report names users and the age of their keys, and contains no secret.",
        )
        name = cluster_name(self._settings)
        stack = cdk.Stack.of(self)
        prefix = f"arn:{stack.partition}:eks:{stack.region}:{stack.account}"
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::{prefix}:access-entry/{name}/*]",
            reason="The permission is limited to the access entries of this cluster. EKS generates "
            "their identifiers, and the review must also find entries that no template has.",
        )
