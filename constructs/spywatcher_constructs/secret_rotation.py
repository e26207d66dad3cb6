"""A Lambda function that rotates a secret, and the schedule of Secrets Manager that invokes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct, IDependable
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.function_code import FOLDER, RUNTIME, function_code

_SHARED_FOLDER = "secret_rotation"
_NETWORK_INTERFACE_ACTIONS = (
    *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    *("ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
)
"""What Lambda needs to connect a function to a VPC ("Giving Lambda functions access to resources
in an Amazon VPC", AWS Lambda developer guide)."""


@dataclass(frozen=True, kw_only=True)
class RotationCode:
    """The code of a rotation function."""

    folder: str
    """The folder of the function, in the folder `functions` of this package."""
    packages: Sequence[str] = ()
    """The import names of the Python packages that the code needs."""


@dataclass(frozen=True, kw_only=True)
class RotationPlacement:
    """The network of a rotation function, and its log."""

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    """They need a route to the data store and to the AWS APIs."""
    security_group: ec2.ISecurityGroup
    """It must allow both."""
    logs_key: kms.IKey
    """The KMS key of the log group."""
    log_retention_days: int
    """How long CloudWatch keeps the log."""


class SecretRotation(Construct):
    """The base of the rotations of this package, which add their own permissions and code."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        secret: secretsmanager.ISecret,
        code: RotationCode,
        environment: Mapping[str, str],
        statements: Sequence[iam.PolicyStatement],
        timeout: cdk.Duration,
        placement: RotationPlacement,
    ) -> None:
        """Create the function and its role. `add_rotation_schedule` adds the schedule.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the function, at most 64 characters. A new name replaces the function.
            description: The description of the function and of its role.
            secret: The secret, which the function reads and changes.
            code: The code of the function.
            environment: The environment variables besides SECRET_ARN.
            statements: What the role allows besides the secret and the network.
            timeout: How long a step may take.
            placement: The network and the log of the function.
        """
        super().__init__(scope, construct_id)
        self._secret = secret
        self.role = self._create_role(name, description, statements)
        self.log_group = EncryptedLogGroup(
            self,
            "Logs",
            encryption_key=placement.logs_key,
            retention_days=placement.log_retention_days,
        )
        self.log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=description,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            code=function_code([_SHARED_FOLDER, code.folder], packages=code.packages),
            handler=f"{FOLDER}.{code.folder}.handler.handle",
            timeout=timeout,
            role=self.role,
            vpc=placement.vpc,
            vpc_subnets=placement.subnets,
            security_groups=[placement.security_group],
            log_group=self.log_group,
            environment={"SECRET_ARN": secret.secret_arn, **environment},
        )

    def add_rotation_schedule(
        self,
        construct_id: str,
        rules: secretsmanager.CfnRotationSchedule.RotationRulesProperty,
        *dependencies: IDependable,
    ) -> None:
        """Allow Secrets Manager to invoke the function on a schedule.

        The deployment itself does not start a rotation. But when it creates or changes the
        schedule, Secrets Manager runs the step testSecret (RotateSecret), which needs the data
        store. The L2 rotation schedule accepts no schedule expression.

        Args:
            construct_id: The id of the schedule. With another id, CloudFormation deletes the
                schedule, which ends the rotation of the secret.
            rules: When Secrets Manager rotates the secret.
            dependencies: What testSecret needs besides the function.
        """
        self.function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=cdk.Stack.of(self).account,
            source_arn=self._secret.secret_arn,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            construct_id,
            secret_id=self._secret.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotation_rules=rules,
            rotate_immediately_on_update=False,
        )
        schedule.node.add_dependency(self.function, *dependencies)

    def _create_role(
        self, function_name: str, description: str, statements: Sequence[iam.PolicyStatement]
    ) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description=description,
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
                resources=[self._secret.secret_arn],
            )
        )
        for statement in statements:
            role.add_to_policy(statement)
        if self._secret.encryption_key is not None:
            self._allow_use_of_key(role, self._secret.encryption_key)
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
