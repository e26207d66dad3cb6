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
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
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
        _acknowledge_replication_group(replication_group)
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
            vpc=self._vpc,
            subnets=PRIVATE_SUBNETS,
            security_group=security_group,
            rotation_rules=rotation_rules(settings.maintenance, RotationSlot.CACHE_TOKEN),
            retirement_schedule=events.Schedule.cron(minute="0", hour=str(retirement_hour)),
            overlap_hours=_OVERLAP_HOURS,
            logs_key=self._keys.logs,
            log_retention_days=settings.cache.log_retention_days,
        )
        _acknowledge_rotation(rotation)
        return rotation.function


def _acknowledge_replication_group(replication_group: RedisReplicationGroup) -> None:
    acknowledge(
        replication_group,
        "AwsSolutions-AEC5",
        reason="A hidden port hides nothing from a scan: the subnets have no route to the "
        "internet, and security groups let in pods and the token's rotation alone.",
    )
    acknowledge(
        replication_group,
        "NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup",
        reason="Snapshots of 5 days, as the existing deployment keeps them: what Redis holds "
        "(sessions, rate limits, cached answers) is worthless after them.",
    )
    if replication_group.nodes == 1:
        acknowledge(
            replication_group,
            "AwsSolutions-AEC4",
            reason="A stage whose settings do without a replica (nodes: 1): the design gives "
            "staging one node.",
        )


def _acknowledge_rotation(rotation: RedisTokenRotation) -> None:
    acknowledge(
        rotation.function,
        *("NIST.800.53.R5-LambdaConcurrency", "CKV_AWS_115"),
        *("NIST.800.53.R5-LambdaDLQ", "CKV_AWS_116"),
        reason="Called once a week and once a day. Secrets Manager repeats a step that fails "
        "and reports it, and the daily call comes again; two at once do no harm, since "
        "ElastiCache takes one change at a time.",
    )
    acknowledge(
        rotation.function,
        "CKV_AWS_173",
        reason="Its variables hold an ARN and a name, nothing secret, and Lambda's own key "
        "encrypts them.",
    )
    policy = rotation.role.node.find_child("DefaultPolicy")
    acknowledge(
        policy,
        *("AwsSolutions-IAM5[Resource::*]", "CKV_AWS_111"),
        reason="Lambda makes the function's interface before it has an ARN, and EC2 knows no "
        "narrower resource to describe. A second statement denies the function itself both.",
    )
    acknowledge(
        policy,
        "NIST.800.53.R5-IAMNoInlinePolicy",
        reason="The policy fits one role and names its resources whole: shared with another "
        "identity it would be wrong. It is reviewed here, as code.",
    )
