"""The permissions of administrators for maintenance, access reviews and security audits."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from stacks.shared.log_permissions import allow_log_reads


class AdministratorPolicy(iam.ManagedPolicy):
    """Allows the manual steps of the runbooks on maintenance, reviews, audits and alarms.

    This stack attaches the policy, because it owns the resources. The security stack, which owns
    the role, would otherwise depend on this stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role: iam.IRole,
        state_machines: Sequence[sfn.IStateMachine],
        announcements: sns.ITopic,
        topics_key: kms.IKey,
        tested_alarms: Sequence[cloudwatch.IAlarm],
        flow_logs: logs.ILogGroup,
    ) -> None:
        """Attach the policy to the role.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            role: The role of administrators.
            state_machines: The state machines that administrators can start by hand.
            announcements: The topic for announcements of maintenance.
            topics_key: The KMS key of the topic.
            tested_alarms: The alarms with which administrators test the notifications.
            flow_logs: The VPC flow logs. The network stack attaches no policy to the role.
        """
        statements = [
            iam.PolicyStatement(
                sid="StartStateMachines",
                actions=["states:StartExecution"],
                resources=[machine.state_machine_arn for machine in state_machines],
            ),
            iam.PolicyStatement(
                sid="PublishAnnouncements",
                actions=["sns:Publish"],
                resources=[announcements.topic_arn],
            ),
            iam.PolicyStatement(
                sid="EncryptAnnouncements",
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[topics_key.key_arn],
            ),
            iam.PolicyStatement(
                sid="SetAlarmState",
                actions=["cloudwatch:SetAlarmState"],
                resources=[alarm.alarm_arn for alarm in tested_alarms],
            ),
        ]
        super().__init__(
            scope,
            construct_id,
            description="Administrators: maintain, announce and test alarms",
            roles=[role],
            statements=statements,
        )
        allow_log_reads(self, arns=[flow_logs.log_group_arn])
