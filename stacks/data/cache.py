"""Redis: the replication group, its token, and the token's rotation."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from settings.names import SecretNames
from spywatcher_constructs.redis import RedisReplicationGroup
from spywatcher_constructs.redis_token_rotation import RedisTokenRotation
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import replication_group_id

_TURN = 2
"""After the database's two passwords: one change at a time."""
_TURN_HOURS = 1
_OVERLAP_HOURS = 24
"""The application has a new token within minutes; where it has not, a day is for finding out."""


class Cache(Construct):
    """One shard of Redis that the application shares."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        rotation_group: ec2.ISecurityGroup,
        encryption_key: kms.IKey,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Make the group of the stage, and rotate its token.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            vpc: where the nodes live.
            subnets: the subnets that they may live in.
            security_group: who may reach them.
            rotation_group: lets the function that rotates the token reach them.
            encryption_key: encrypts storage and snapshots.
            secrets_key: encrypts the token.
            logs_key: encrypts the logs.
            removal_policy: what becomes of nodes, token and logs when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._vpc = vpc
        self._removal_policy = removal_policy
        self.token = self._make_token(secrets_key)
        self.group = self._make_group(self.token, subnets, security_group, encryption_key, logs_key)
        rotation = self._rotate(self.token, rotation_group, secrets_key, logs_key)
        self.token_rotation = rotation.function
        self._acknowledge(rotation)

    def _make_token(self, key: kms.IKey) -> secretsmanager.Secret:
        """Make the secret. A change of its generator makes a token that Redis does not know."""
        return secretsmanager.Secret(
            self,
            "Token",
            secret_name=SecretNames(self._settings.resource_name()).cache_token,
            description="AUTH token of Redis",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=self._removal_policy,
        )

    def _make_group(
        self,
        token: secretsmanager.ISecret,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        encryption_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> RedisReplicationGroup:
        cache, maintenance = self._settings.cache, self._settings.maintenance
        return RedisReplicationGroup(
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
            vpc=self._vpc,
            subnets=subnets,
            security_group=security_group,
            encryption_key=encryption_key,
            auth_token=token,
            logs_key=logs_key,
            log_retention_days=cache.log_retention_days,
            snapshot_retention_days=cache.snapshot_retention_days,
            snapshot_window=maintenance.daily_backup_window,
            maintenance_window=maintenance.weekly_window,
            removal_policy=self._removal_policy,
        )

    def _rotate(
        self,
        token: secretsmanager.ISecret,
        security_group: ec2.ISecurityGroup,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> RedisTokenRotation:
        settings = self._settings
        turn = settings.maintenance.rotation_hour(_TURN)
        # Daily, so that a rotation at another time is followed too; an hour after the turn's end.
        retirement_hour = settings.maintenance.rotation_hour(_TURN + _TURN_HOURS + 1).hour
        return RedisTokenRotation(
            self,
            "TokenRotation",
            name=settings.resource_name("rotate-cache-token"),
            secret=token,
            secret_key=secrets_key,
            cache=self.group,
            vpc=self._vpc,
            subnets=PRIVATE_SUBNETS,
            security_group=security_group,
            schedule=f"cron(0 {turn.hour} ? * {turn.day.upper()} *)",
            duration_hours=_TURN_HOURS,
            retirement=events.Schedule.cron(minute="0", hour=str(retirement_hour)),
            overlap_hours=_OVERLAP_HOURS,
            logs_key=logs_key,
            log_retention_days=settings.cache.log_retention_days,
        )

    def _acknowledge(self, rotation: RedisTokenRotation) -> None:
        group = self.group.replication_group
        acknowledge(
            group,
            "AwsSolutions-AEC5",
            reason="A hidden port hides nothing from a scan: the subnets have no route to the "
            "internet, and security groups let in pods and the token's rotation alone.",
        )
        acknowledge(
            group,
            "NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup",
            reason="Snapshots of 5 days, as the existing deployment keeps them: what Redis holds "
            "(sessions, rate limits, cached answers) is worthless after them.",
        )
        if self.group.nodes == 1:
            acknowledge(
                group,
                "AwsSolutions-AEC4",
                reason="A stage whose settings do without a replica (nodes: 1): the design gives "
                "staging one node.",
            )
        self._acknowledge_function(rotation)

    @staticmethod
    def _acknowledge_function(rotation: RedisTokenRotation) -> None:
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
        acknowledge(
            rotation.role.node.find_child("DefaultPolicy"),
            *("AwsSolutions-IAM5[Resource::*]", "CKV_AWS_111"),
            reason="Lambda makes the function's interface before it has an ARN, and EC2 knows no "
            "narrower resource to describe. A second statement denies the function itself both.",
        )
        acknowledge(
            rotation.role.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="The policy fits one role and names its resources whole: shared with another "
            "identity it would be wrong. It is reviewed here, as code.",
        )
