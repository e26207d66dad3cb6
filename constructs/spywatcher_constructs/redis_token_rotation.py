"""The rotation of a replication group's AUTH token. Secrets Manager has no function for it."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.redis import RedisReplicationGroup

_FUNCTIONS = Path(__file__).parent / "functions"
_FOLDER = "redis_rotation"
_INTERFACES = (
    *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    *("ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
)
"""What Lambda asks for to give a function an address in a VPC ("Giving Lambda functions access to
resources in an Amazon VPC")."""


class RedisTokenRotation(Construct):
    """Rotates the token on a schedule, with no moment in which the current one is refused.

    The new token is added to the old one (ROTATE), becomes the secret's current value, and a day
    later is the only one (SET). functions/redis_rotation does it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        secret: secretsmanager.ISecret,
        secret_key: kms.IKey,
        cache: RedisReplicationGroup,
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        schedule: str,
        duration_hours: int,
        retirement: events.Schedule,
        overlap_hours: int,
        logs_key: kms.IKey,
        log_retention_days: int,
    ) -> None:
        """Make the function, its role, and the two schedules.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: the function's name, at most 64 characters. A change of it makes a new function.
            secret: its value is the token, and nothing else.
            secret_key: encrypts the secret.
            cache: the group with the token.
            vpc: where the function logs in to Redis.
            subnets: its subnets, from which AWS's APIs can be reached.
            security_group: lets it reach Redis and those APIs.
            schedule: when to rotate, as Secrets Manager writes it: `cron(0 4 ? * SUN *)`, UTC.
            duration_hours: how long after that a rotation may begin.
            retirement: when to look whether an old token can go; daily at least.
            overlap_hours: how long the old token stays valid beside the new one.
            logs_key: encrypts the function's log.
            log_retention_days: how long it is kept.
        """
        super().__init__(scope, construct_id)
        self._name = name
        self.role = self._make_role(secret, secret_key, cache)
        log_group = EncryptedLogGroup(
            self, "Logs", encryption_key=logs_key, retention_days=log_retention_days
        )
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description="Rotates the AUTH token of Redis",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=_code(),
            handler=f"{_FOLDER}.handler.handle",
            # ElastiCache takes minutes for a change of tokens; this is the most that Lambda gives.
            timeout=cdk.Duration.minutes(15),
            role=self.role,
            vpc=vpc,
            vpc_subnets=subnets,
            security_groups=[security_group],
            log_group=log_group,
            environment={"SECRET_ARN": secret.secret_arn, "REPLICATION_GROUP": cache.name},
        )
        self._rotate(secret, schedule, duration_hours)
        self._retire(retirement, overlap_hours)

    def _make_role(
        self, secret: secretsmanager.ISecret, secret_key: kms.IKey, cache: RedisReplicationGroup
    ) -> iam.Role:
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            description="Rotates the AUTH token of Redis",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        versions = ("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Secret",
                actions=_on("secretsmanager", "DescribeSecret", *versions),
                resources=[secret.secret_arn],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Tokens",
                actions=_on("elasticache", "DescribeReplicationGroups", "ModifyReplicationGroup"),
                resources=[cache.arn],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Key",
                actions=_on("kms", "Decrypt", "GenerateDataKey"),
                resources=[secret_key.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:ViaService": f"secretsmanager.{stack.region}.amazonaws.com"
                    }
                },
            )
        )
        self._let_lambda_give_an_address(role)
        return role

    def _let_lambda_give_an_address(self, role: iam.Role) -> None:
        """Let Lambda make an interface for the function, and not the function itself."""
        function_arn = cdk.Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=self._name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_policy(
            iam.PolicyStatement(sid="Address", actions=list(_INTERFACES), resources=["*"])
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AddressByLambdaAlone",
                effect=iam.Effect.DENY,
                actions=list(_INTERFACES),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
            )
        )

    def _rotate(self, secret: secretsmanager.ISecret, schedule: str, duration_hours: int) -> None:
        """Rotate by the clock, which CDK's own schedule of a secret cannot; not at once."""
        self.function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=cdk.Stack.of(self).account,
            source_arn=secret.secret_arn,
        )
        rotation = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=secret.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=schedule, duration=f"{duration_hours}h"
            ),
            rotate_immediately_on_update=False,
        )
        rotation.node.add_dependency(self.function)

    def _retire(self, schedule: events.Schedule, overlap_hours: int) -> None:
        events.Rule(
            self,
            "Retirement",
            description="Ends the AUTH token of Redis before the current one",
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


def _on(service: str, *actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions]


def _code() -> lambda_.Code:
    """Upload the function's folder as it is: nothing is built, no Docker is needed."""
    return lambda_.Code.from_asset(
        str(_FUNCTIONS),
        ignore_mode=cdk.IgnoreMode.GIT,
        exclude=["*", f"!{_FOLDER}", f"!{_FOLDER}/*.py", "__pycache__"],
    )
