"""The rotation of the AUTH token of Redis, for which Secrets Manager has no hosted function."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from spywatcher_constructs.redis import RedisReplicationGroup
from spywatcher_constructs.secret_rotation import RotationCode, RotationPlacement, SecretRotation


class RedisTokenRotation(SecretRotation):
    """A Lambda function that rotates the token, and the schedules that invoke it.

    A rotation adds a new token to the current one (the strategy ROTATE) and makes it the current
    value of the secret. A day later, it removes the previous token (SET). Redis accepts the current
    token at every moment. The code is in functions/redis_rotation.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        secret: secretsmanager.ISecret,
        replication_group: RedisReplicationGroup,
        placement: RotationPlacement,
        rotation_rules: secretsmanager.CfnRotationSchedule.RotationRulesProperty,
        retirement_schedule: events.Schedule,
        overlap_hours: int,
    ) -> None:
        """Create the function, its role and the two schedules.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the function, at most 64 characters. A new name replaces the function.
            secret: The secret, whose value is the token and nothing else.
            replication_group: The replication group that has the token.
            placement: The network and the log of the function.
            rotation_rules: When Secrets Manager rotates the secret.
            retirement_schedule: When the function checks whether it can remove the previous token,
                at least daily.
            overlap_hours: How long Redis accepts the previous token in addition to the current one.
        """
        super().__init__(
            scope,
            construct_id,
            name=name,
            description="Rotates the AUTH token of Redis",
            secret=secret,
            code=RotationCode(folder="redis_rotation"),
            environment={"REPLICATION_GROUP": replication_group.name},
            statements=[
                iam.PolicyStatement(
                    sid="Tokens",
                    actions=[
                        "elasticache:DescribeReplicationGroups",
                        "elasticache:ModifyReplicationGroup",
                    ],
                    resources=[replication_group.arn],
                )
            ],
            # The maximum: ElastiCache needs minutes to change a token.
            timeout=cdk.Duration.minutes(15),
            placement=placement,
        )
        self.add_rotation_schedule("Schedule", rotation_rules, replication_group)
        self._add_retirement_rule(retirement_schedule, overlap_hours)

    def _add_retirement_rule(self, schedule: events.Schedule, overlap_hours: int) -> None:
        events.Rule(
            self,
            "Retirement",
            description="Removes the previous AUTH token of Redis",
            schedule=schedule,
            targets=[
                targets.LambdaFunction(
                    self.function,
                    event=events.RuleTargetInput.from_object(
                        {"Step": "retirePrevious", "OverlapHours": overlap_hours}
                    ),
                )
            ],
        )
