"""The permissions of administrators on the data stores."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.shared.log_permissions import allow_log_reads


class AdministratorPolicy(iam.ManagedPolicy):
    """Allows what the runbooks of the data stores, the secrets and the patches need.

    The policy refers to the resources, so it belongs to the stack that owns them. The security
    stack, which owns the role, therefore does not depend on this stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        role: iam.IRole,
        instances: Sequence[rds.IDatabaseInstance],
        database_secrets: Sequence[secretsmanager.ISecret],
        cache: RedisReplicationGroup,
        cache_token: secretsmanager.ISecret,
        cache_token_rotation: lambda_.IFunction,
        database_rotations: Sequence[lambda_.IFunction],
    ) -> None:
        """Attach the policy to the role.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage, which give manual snapshots their name.
            role: The IAM role of administrators.
            instances: The instances of PostgreSQL, of every generation.
            database_secrets: The credentials of PostgreSQL, which administrators may rotate.
            cache: The replication group of Redis.
            cache_token: The AUTH token of Redis. Administrators may rotate it, and read it to
                repair a failed rotation.
            cache_token_rotation: The function that rotates the token. An administrator may also
                invoke it to remove the previous token.
            database_rotations: The functions that rotate the credentials of PostgreSQL.
        """
        instance_arns = [instance.instance_arn for instance in instances]
        stack = cdk.Stack.of(scope)
        snapshot_arn = _arn(stack, "rds", "snapshot", settings.resource_name("manual"))
        rotation_arns = [function.function_arn for function in database_rotations]
        super().__init__(
            scope,
            construct_id,
            description="Administrators: operate, patch and rotate the data stores",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="OperateDatabase",
                    actions=[
                        "rds:CreateDBSnapshot",
                        "rds:DeleteDBSnapshot",
                        "rds:RebootDBInstance",
                    ],
                    resources=[*instance_arns, snapshot_arn],
                ),
                iam.PolicyStatement(
                    sid="PatchDatabase",
                    actions=["rds:ApplyPendingMaintenanceAction"],
                    resources=instance_arns,
                ),
                iam.PolicyStatement(
                    sid="OperateCache",
                    actions=["elasticache:TestFailover", "elasticache:ModifyReplicationGroup"],
                    resources=[cache.arn],
                ),
                iam.PolicyStatement(
                    sid="RebootCacheNodes",
                    actions=["elasticache:RebootCacheCluster"],
                    resources=[
                        _arn(stack, "elasticache", "cluster", f"{cache.name}-{number:03}")
                        for number in range(1, cache.nodes + 1)
                    ],
                ),
                iam.PolicyStatement(
                    sid="PatchCache",
                    actions=["elasticache:BatchApplyUpdateAction"],
                    resources=[cache.arn],
                ),
                iam.PolicyStatement(
                    sid="RotateSecrets",
                    actions=["secretsmanager:RotateSecret"],
                    resources=[
                        cache_token.secret_arn,
                        *(secret.secret_arn for secret in database_secrets),
                    ],
                ),
                iam.PolicyStatement(
                    sid="ReadCacheToken",
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[cache_token.secret_arn],
                ),
                # RotateSecret needs it too ("RotateSecret", AWS Secrets Manager API Reference).
                iam.PolicyStatement(
                    sid="InvokeRotations",
                    actions=["lambda:InvokeFunction"],
                    resources=[cache_token_rotation.function_arn, *rotation_arns],
                ),
            ],
        )
        allow_log_reads(self)


def _arn(stack: cdk.Stack, service: str, resource: str, name: str) -> str:
    return stack.format_arn(
        service=service,
        resource=resource,
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
