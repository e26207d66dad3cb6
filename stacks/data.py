"""Data: PostgreSQL and Redis, and the secrets that open them."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from settings import StageSettings
from spywatcher_constructs.log_retention import log_retention
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.base import StageStack
from stacks.network import DATABASE

# Sundays 02:00-04:00 UTC is the design's window; snapshots and backups keep out of it.
MAINTENANCE_WINDOW = "sun:02:00-sun:04:00"
BACKUP_WINDOW = "00:30-01:30"

_DATABASE_LOGS = ("postgresql", "upgrade")


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
            database_key: encrypts PostgreSQL's storage, snapshots and insights.
            cache_key: encrypts Redis' storage and snapshots.
            secrets_key: encrypts the credentials of both.
            logs_key: encrypts their logs.
        """
        super().__init__(stage, "data", settings=settings, description="PostgreSQL and Redis")
        self.database = self._make_database(
            settings, vpc, database_group, database_key, secrets_key, logs_key
        )
        self.cache = self._make_cache(settings, vpc, cache_group, cache_key, secrets_key, logs_key)

    def _make_database(
        self,
        settings: StageSettings,
        vpc: ec2.IVpc,
        group: ec2.ISecurityGroup,
        key: kms.IKey,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> rds.DatabaseInstance:
        database = settings.database
        version = database.engine_version
        engine = rds.DatabaseInstanceEngine.postgres(
            version=rds.PostgresEngineVersion.of(version, version.partition(".")[0])
        )
        identifier = settings.resource_name()
        instance = rds.DatabaseInstance(
            self,
            "Database",
            instance_identifier=identifier,
            engine=engine,
            instance_type=ec2.InstanceType(database.instance_class.removeprefix("db.")),
            database_name="spywatcher",
            credentials=rds.Credentials.from_generated_secret(
                "spywatcher_admin",
                secret_name=f"{settings.resource_name()}/database/admin",
                encryption_key=secrets_key,
            ),
            vpc=vpc,
            vpc_subnets=DATABASE,
            security_groups=[group],
            publicly_accessible=False,
            multi_az=database.multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=database.storage_gib,
            max_allocated_storage=database.max_storage_gib,
            storage_encrypted=True,
            storage_encryption_key=key,
            parameter_group=rds.ParameterGroup(
                self,
                "DatabaseParameters",
                engine=engine,
                description=settings.resource_name("database"),
                parameters={"rds.force_ssl": "1"},
            ),
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            backup_retention=cdk.Duration.days(database.backup_retention_days),
            preferred_backup_window=BACKUP_WINDOW,
            preferred_maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=database.auto_minor_version_upgrade,
            allow_major_version_upgrade=False,
            cloudwatch_logs_exports=list(_DATABASE_LOGS),
            enable_performance_insights=database.performance_insights,
            performance_insight_encryption_key=key if database.performance_insights else None,
            deletion_protection=settings.deletion_protection,
            removal_policy=(
                cdk.RemovalPolicy.SNAPSHOT
                if settings.deletion_protection
                else cdk.RemovalPolicy.DESTROY
            ),
        )
        for log in _DATABASE_LOGS:
            instance.node.add_dependency(
                self._database_log_group(settings, identifier, log, logs_key)
            )
        return instance

    def _database_log_group(
        self, settings: StageSettings, identifier: str, log: str, logs_key: kms.IKey
    ) -> logs.LogGroup:
        """Make the group before RDS does, which would keep it for ever and unencrypted."""
        return logs.LogGroup(
            self,
            f"Database{log.capitalize()}Logs",
            log_group_name=f"/aws/rds/instance/{identifier}/{log}",
            retention=log_retention(settings.database.log_retention_days),
            encryption_key=logs_key,
            removal_policy=self.removal_policy,
        )

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
        return RedisReplicationGroup(
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
            snapshot_window=BACKUP_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            removal_policy=self.removal_policy,
        )
