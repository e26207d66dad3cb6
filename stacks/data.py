"""Data: PostgreSQL and Redis, and the secrets that open them."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from settings import StageSettings
from spywatcher_constructs.log_retention import log_retention
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.acknowledgement import acknowledge
from stacks.base import StageStack
from stacks.database import Database
from stacks.network import DATABASE


class DataStack(StageStack):
    """What must not be lost."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        database_group: ec2.ISecurityGroup,
        cache_group: ec2.ISecurityGroup,
        rotation_group: ec2.ISecurityGroup,
        database_key: kms.IKey,
        cache_key: kms.IKey,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            vpc: its database subnets take both stores.
            database_group: who may reach PostgreSQL.
            cache_group: who may reach Redis.
            rotation_group: lets the functions that rotate passwords reach PostgreSQL.
            database_key: encrypts PostgreSQL's storage, snapshots and insights.
            cache_key: encrypts Redis' storage and snapshots.
            secrets_key: encrypts the credentials of both.
            logs_key: encrypts their logs.
        """
        super().__init__(stage, "data", settings=settings, description="PostgreSQL and Redis")
        postgres = Database(
            self,
            "Database",
            settings=settings,
            vpc=vpc,
            subnets=DATABASE,
            security_group=database_group,
            rotation_group=rotation_group,
            encryption_key=database_key,
            secrets_key=secrets_key,
            logs_key=logs_key,
            removal_policy=self.removal_policy,
        )
        self.database = postgres.instance
        self.read_replicas = postgres.read_replicas
        self.cache = self._make_cache(settings, vpc, cache_group, cache_key, secrets_key, logs_key)

    def _make_cache(
        self,
        settings: StageSettings,
        vpc: ec2.IVpc,
        group: ec2.ISecurityGroup,
        key: kms.IKey,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> RedisReplicationGroup:
        cache = settings.cache
        token = secretsmanager.Secret(
            self,
            "CacheToken",
            secret_name=f"{settings.resource_name()}/cache/token",
            description="AUTH token of Redis",
            encryption_key=secrets_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=self.removal_policy,
        )
        acknowledge(
            token,
            "AwsSolutions-SMG4",
            "NIST.800.53.R5-SecretsManagerRotationEnabled",
            because="Rotated by hand, ROTATE then SET, as docs/runbooks/secrets.md says: a plain "
            "rotation would lock the pods out. The token opens Redis from the pods' group alone.",
        )
        made = RedisReplicationGroup(
            self,
            "Cache",
            name=settings.resource_name(),
            description="Sessions, rate limits and cached answers",
            engine_version=cache.engine_version,
            node_type=cache.node_type,
            nodes=cache.nodes,
            parameters={
                "maxmemory-policy": "allkeys-lru",
                "timeout": str(cache.idle_timeout_seconds),
            },
            vpc=vpc,
            subnets=DATABASE,
            security_group=group,
            encryption_key=key,
            auth_token=token,
            logs_key=logs_key,
            log_retention=log_retention(cache.log_retention_days),
            snapshot_retention_days=cache.snapshot_retention_days,
            snapshot_window=settings.maintenance.daily_backup_window,
            maintenance_window=settings.maintenance.weekly_window,
            removal_policy=self.removal_policy,
        )
        acknowledge(
            made.replication_group,
            "AwsSolutions-AEC5",
            because="6379 is the application's contract; a security group, a network ACL, TLS and "
            "the AUTH token guard the port, not its number.",
        )
        acknowledge(
            made.replication_group,
            "NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup",
            because="The rule asks for 15 days of snapshots; the existing deployment keeps 5, and "
            "the cache holds only what the application can make again.",
        )
        if cache.nodes == 1:
            acknowledge(
                made.replication_group,
                "AwsSolutions-AEC4",
                because="The design gives this stage a single node; what is lost with it is made "
                "again by the application.",
            )
        return made
