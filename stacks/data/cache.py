"""Redis, its AUTH token and the rotation of the token."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup, Snapshots
from spywatcher_constructs.redis_token_rotation import RedisTokenRotation
from spywatcher_constructs.secret_rotation import RotationPlacement
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.data.rotation_findings import acknowledge_rotation
from stacks.data.rotation_slots import SLOT_HOURS, RotationSlot, rotation_rules
from stacks.network.security_groups import SecurityGroups
from stacks.security.keys import Keys
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import replication_group_id

_OVERLAP_HOURS = 24
"""Pods have a new token within minutes. If they do not, a day is enough time to find the cause."""


class Cache(Construct):
    """The replication group of the stage, in the database subnets, and its token."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        security_groups: SecurityGroups,
        keys: Keys,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the token, the replication group and the rotation.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            vpc: The VPC.
            security_groups: The security groups of Redis and of the rotation function.
            keys: The KMS keys of Redis, the token and the logs.
            removal_policy: What happens to Redis and the token when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._vpc = vpc
        self._keys = keys
        self._removal_policy = removal_policy
        self.token = self._create_token()
        self.replication_group = self._create_replication_group(security_groups.cache)
        self.token_rotation = self._rotate_token(security_groups.rotation)

    def _create_token(self) -> secretsmanager.Secret:
        """Create the secret. A changed generator would write a token that Redis does not have."""
        return secretsmanager.Secret(
            self,
            "Token",
            secret_name=self._settings.secret_names.cache_token,
            description="AUTH token of Redis",
            encryption_key=self._keys.secrets,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=self._removal_policy,
        )

    def _create_replication_group(
        self, security_group: ec2.ISecurityGroup
    ) -> RedisReplicationGroup:
        cache, maintenance = self._settings.cache, self._settings.maintenance
        replication_group = RedisReplicationGroup(
            self,
            "Redis",
            name=replication_group_id(self._settings),
            description="Sessions, rate limits and cached answers",
            engine_version=cache.engine_version,
            node_type=cache.node_type,
            nodes=cache.nodes,
            fails_over=cache.fails_over,
            parameters={
                "maxmemory-policy": "allkeys-lru",
                "timeout": str(cache.idle_timeout_seconds),
            },
            subnets=self._vpc.isolated_subnets,
            security_group=security_group,
            encryption_key=self._keys.cache,
            auth_token=self.token,
            snapshots=Snapshots(
                retention_days=cache.snapshot_retention_days, window=maintenance.daily_backup_window
            ),
            maintenance_window=maintenance.weekly_window,
            logs_key=self._keys.logs,
            log_retention_days=cache.log_retention_days,
            removal_policy=self._removal_policy,
        )
        _acknowledge_replication_group(replication_group, fails_over=cache.fails_over)
        return replication_group

    def _rotate_token(self, security_group: ec2.ISecurityGroup) -> lambda_.IFunction:
        settings = self._settings
        # The rule runs daily, so that it follows a rotation by hand, too. The hour is an hour after
        # the end of the slot.
        retirement_hour = settings.maintenance.rotation_hour(
            RotationSlot.CACHE_TOKEN + SLOT_HOURS + 1
        ).hour
        rotation = RedisTokenRotation(
            self,
            "TokenRotation",
            name=settings.resource_name("rotate-cache-token"),
            secret=self.token,
            replication_group=self.replication_group,
            placement=RotationPlacement(
                vpc=self._vpc,
                subnets=PRIVATE_SUBNETS,
                security_group=security_group,
                logs_key=self._keys.logs,
                log_retention_days=settings.cache.log_retention_days,
            ),
            rotation_rules=rotation_rules(settings.maintenance, RotationSlot.CACHE_TOKEN),
            retirement_schedule=events.Schedule.cron(minute="0", hour=str(retirement_hour)),
            overlap_hours=_OVERLAP_HOURS,
        )
        acknowledge_rotation(
            rotation,
            executions="The function runs once a week and once a day. Secrets Manager repeats a "
            "failed step and reports it, and the daily rule tries again. Two executions at the "
            "same time do no harm, because ElastiCache accepts one change at a time.",
            environment="The environment variables contain an ARN and a name, and no secret. "
            "Lambda encrypts them with its own key.",
        )
        return rotation.function


def _acknowledge_replication_group(
    replication_group: RedisReplicationGroup, *, fails_over: bool
) -> None:
    acknowledge(
        replication_group,
        "AwsSolutions-AEC5",
        reason="The subnets have no route to the internet, and the security group allows only the "
        "pods and the rotation function. Another port would add no protection.",
    )
    acknowledge(
        replication_group,
        "NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup",
        reason="The settings keep snapshots for 5 days by default, as the existing deployment "
        "does. Redis holds sessions, rate limits and cached answers, which nobody needs later.",
    )
    if replication_group.nodes > 1 and not fails_over:
        acknowledge(
            replication_group,
            "E3026",
            "CloudFormation-Validate::E3026",
            reason="Without automatic failover, the number of nodes may be 2 to 6 "
            "(CreateReplicationGroup, ElastiCache API reference). Only cluster mode requires it.",
        )
    if not fails_over:
        acknowledge(
            replication_group,
            "AwsSolutions-AEC4",
            reason="The settings of this stage have no replica (nodes: 1), because the design "
            "gives staging one node. Between one node and two, automatic_failover is false for "
            "one deployment.",
        )
