"""The rotation of the AUTH token of Redis, for which Secrets Manager has no hosted function."""

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
_FUNCTION_FOLDER = "redis_rotation"
_NETWORK_INTERFACE_ACTIONS = (
    *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    *("ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
)
"""What Lambda needs to connect a function to a VPC ("Giving Lambda functions access to resources
in an Amazon VPC", AWS Lambda developer guide)."""


class RedisTokenRotation(Construct):
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
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        rotation_rules: secretsmanager.CfnRotationSchedule.RotationRulesProperty,
        retirement_schedule: events.Schedule,
        overlap_hours: int,
        logs_key: kms.IKey,
        log_retention_days: int,
    ) -> None:
        """Create the function, its role and the two schedules.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the function, at most 64 characters. A new name replaces the function.
            secret: The secret, whose value is the token and nothing else.
            replication_group: The replication group that has the token.
            vpc: The VPC of the function.
            subnets: The subnets of the function. They need a route to Redis and to the AWS APIs.
            security_group: The security group of the function. It must allow both.
            rotation_rules: When Secrets Manager rotates the secret.
            retirement_schedule: When the function checks whether it can remove the previous token,
                at least daily.
            overlap_hours: How long Redis accepts the previous token in addition to the current one.
            logs_key: The KMS key of the function's log group.
            log_retention_days: How long CloudWatch keeps the function's log.
        """
        super().__init__(scope, construct_id)
        self.role = self._create_role(name, secret, replication_group)
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
            handler=f"{_FUNCTION_FOLDER}.handler.handle",
            # The maximum: ElastiCache needs minutes to change a token.
            timeout=cdk.Duration.minutes(15),
            role=self.role,
            vpc=vpc,
            vpc_subnets=subnets,
            security_groups=[security_group],
            log_group=log_group,
            environment={
                "SECRET_ARN": secret.secret_arn,
                "REPLICATION_GROUP": replication_group.name,
            },
        )
        self._add_rotation_schedule(secret, rotation_rules, replication_group)
        self._add_retirement_rule(retirement_schedule, overlap_hours)

    def _create_role(
        self,
        function_name: str,
        secret: secretsmanager.ISecret,
        replication_group: RedisReplicationGroup,
    ) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="Rotates the AUTH token of Redis",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Secret",
                actions=[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                resources=[secret.secret_arn],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Tokens",
                actions=[
                    "elasticache:DescribeReplicationGroups",
                    "elasticache:ModifyReplicationGroup",
                ],
                resources=[replication_group.arn],
            )
        )
        if secret.encryption_key is not None:
            self._allow_use_of_key(role, secret.encryption_key)
        self._allow_network_interfaces(role, function_name)
        return role

    def _allow_use_of_key(self, role: iam.Role, key: kms.IKey) -> None:
        """Allow Secrets Manager, on behalf of the role, to decrypt and encrypt the secret."""
        service = f"secretsmanager.{cdk.Stack.of(self).region}.amazonaws.com"
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Key",
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": service}},
            )
        )

    def _allow_network_interfaces(self, role: iam.Role, function_name: str) -> None:
        """Allow Lambda to manage network interfaces, and deny it to the function's own code."""
        function_arn = cdk.Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=function_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Address", actions=list(_NETWORK_INTERFACE_ACTIONS), resources=["*"]
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AddressByLambdaAlone",
                effect=iam.Effect.DENY,
                actions=list(_NETWORK_INTERFACE_ACTIONS),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
            )
        )

    def _add_rotation_schedule(
        self,
        secret: secretsmanager.ISecret,
        rules: secretsmanager.CfnRotationSchedule.RotationRulesProperty,
        replication_group: RedisReplicationGroup,
    ) -> None:
        """Allow Secrets Manager to invoke the function on a schedule.

        The deployment itself does not start a rotation. But when it creates the schedule, Secrets
        Manager runs the step testSecret (RotateSecret), which needs the replication group. The L2
        rotation schedule accepts no schedule expression.
        """
        self.function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=cdk.Stack.of(self).account,
            source_arn=secret.secret_arn,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=secret.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotation_rules=rules,
            rotate_immediately_on_update=False,
        )
        schedule.node.add_dependency(self.function, replication_group)

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


def _code() -> lambda_.Code:
    """Return the function's folder as it is, so that no build and no Docker is needed."""
    return lambda_.Code.from_asset(
        str(_FUNCTIONS),
        ignore_mode=cdk.IgnoreMode.GIT,
        exclude=["*", f"!{_FUNCTION_FOLDER}", f"!{_FUNCTION_FOLDER}/*.py", "__pycache__"],
    )
