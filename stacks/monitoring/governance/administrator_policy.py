"""What administrators may do by hand for maintenance, access reviews and audits."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct


class AdministratorPolicy(iam.ManagedPolicy):
    """Allows what the runbooks of maintenance, the access review and the security audit ask for.

    The policy belongs to the stack that owns the resources, so that it refers to them. Attaching
    it here keeps the security stack, which owns the role, independent of this stack.
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
    ) -> None:
        """Attach the policy to the role.

        Args:
            scope: the parent construct.
            construct_id: the id in the parent construct.
            role: the role of administrators.
            state_machines: administrators may start them outside their schedules.
            announcements: the topic for announcements of maintenance. Administrators may publish.
            topics_key: encrypts the topic.
            tested_alarms: the security audit sets their state, to test the notifications.
        """
        statements = [
            iam.PolicyStatement(
                sid="StartMaintenance",
                actions=["states:StartExecution"],
                resources=[machine.state_machine_arn for machine in state_machines],
            ),
            iam.PolicyStatement(
                sid="Announce",
                actions=["sns:Publish"],
                resources=[announcements.topic_arn],
            ),
            iam.PolicyStatement(
                sid="EncryptAnnouncements",
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[topics_key.key_arn],
            ),
        ]
        if tested_alarms:
            statements.append(
                iam.PolicyStatement(
                    sid="TryAnAlarm",
                    actions=["cloudwatch:SetAlarmState"],
                    resources=[alarm.alarm_arn for alarm in tested_alarms],
                )
            )
        super().__init__(
            scope,
            construct_id,
            description="Administrators: maintain, announce and test alarms",
            roles=[role],
            statements=statements,
        )
