"""A PostgreSQL instance on RDS with its read replicas, created empty or restored from a backup."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.postgres_restore import Restore, restore_instance

_PORT = 5432
_EXPORTED_LOGS = ("postgresql", "upgrade")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Encrypted gp3 storage."""

    gib: int
    """The initial size. A restored instance has the size of its backup instead."""
    max_gib: int | None
    """The size up to which RDS grows the storage, or None for a fixed size."""
    encryption_key: kms.IKey
    """The KMS key of the storage, the snapshots and Database Insights."""


@dataclass(frozen=True, kw_only=True)
class BackupReplication:
    """Copies of the automated backups in another Region."""

    region: str
    kms_key_arn: str
    """A key of that Region, which encrypts the copies."""
    retention_days: int


@dataclass(frozen=True, kw_only=True)
class Backups:
    """Automated backups: a daily snapshot, and the transaction logs in between."""

    retention_days: int
    """With 0, there are no backups and no point-in-time recovery."""
    window: str
    """`hh:mm-hh:mm` in UTC, outside the maintenance window."""
    replication: BackupReplication | None = None


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """When RDS patches, and what."""

    window: str
    """`ddd:hh:mm-ddd:hh:mm` in UTC."""
    auto_minor_version_upgrade: bool


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """The metrics and the logs that RDS sends to CloudWatch."""

    database_insights: bool
    """Whether Database Insights records the load, in standard mode, which keeps seven days."""
    enhanced_monitoring_seconds: int
    """The interval of the operating system metrics, or 0 for none."""
    logs_key: kms.IKey
    """The KMS key of the log groups."""
    log_retention_days: int


class PostgresInstance(Construct):
    """An instance with its parameter group, its subnet group and its log groups.

    A new `identifier` replaces the instance, and so does a new `restore` of a restored instance.
    Do not change them as long as the instance exists.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        engine_version: str,
        instance_class: str,
        database_name: str,
        administrator: rds.Credentials,
        parameters: Mapping[str, str],
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        multi_az: bool,
        storage: Storage,
        backups: Backups,
        maintenance: Maintenance,
        monitoring: Monitoring,
        restore: Restore | None = None,
        set_admin_password: bool = True,
        deletion_protection: bool,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the instance.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            identifier: The name of the instance, at most 63 characters.
            engine_version: The version of PostgreSQL, such as 15 or 15.17.
            instance_class: The instance class, such as db.t3.large.
            database_name: The database that RDS creates in an empty instance.
            administrator: The name and the password of the master user.
            parameters: The parameters that differ from the defaults of the engine version.
            vpc: The VPC.
            subnets: The subnets of the instance and its standby.
            security_group: The security group of the instance.
            multi_az: Whether a standby in another Availability Zone takes over when the instance
                fails.
            storage: The size and the encryption of the storage.
            backups: When RDS takes backups, and how long it keeps them.
            maintenance: When RDS patches, and what.
            monitoring: The metrics and the logs that RDS sends to CloudWatch.
            restore: The backup that RDS restores. By default, the instance is empty.
            set_admin_password: Whether CloudFormation sets the administrator's password. It cannot
                during a restore: until a later update, the instance has the password of its backup.
            deletion_protection: Whether RDS refuses to delete the instance.
            removal_policy: What happens to the instance when it leaves the template.
        """
        super().__init__(scope, construct_id)
        self._identifier = identifier
        self._instance_type = ec2.InstanceType(instance_class.removeprefix("db."))
        self._vpc = vpc
        self._subnets = subnets
        self._security_group = security_group
        self._storage = storage
        self._maintenance = maintenance
        self._monitoring = monitoring
        engine = rds.DatabaseInstanceEngine.postgres(
            version=rds.PostgresEngineVersion.of(engine_version, engine_version.partition(".")[0])
        )
        self._parameter_group = rds.ParameterGroup(
            self, "Parameters", engine=engine, description=identifier, parameters=dict(parameters)
        )
        self.monitoring_role = self._create_monitoring_role()
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=identifier,
            engine=engine,
            instance_type=self._instance_type,
            database_name=database_name,
            credentials=administrator,
            port=_PORT,
            vpc=vpc,
            vpc_subnets=subnets,
            security_groups=[security_group],
            publicly_accessible=False,
            multi_az=multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=storage.gib,
            max_allocated_storage=storage.max_gib,
            storage_encrypted=True,
            storage_encryption_key=storage.encryption_key,
            parameter_group=self._parameter_group,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            # Applies only to users that have the role rds_iam, of which there are none
            # (docs/decisions/0005-postgresql.md).
            iam_authentication=True,
            backup_retention=cdk.Duration.days(backups.retention_days),
            preferred_backup_window=backups.window,
            delete_automated_backups=removal_policy == cdk.RemovalPolicy.DESTROY,
            copy_tags_to_snapshot=True,
            preferred_maintenance_window=maintenance.window,
            auto_minor_version_upgrade=maintenance.auto_minor_version_upgrade,
            allow_major_version_upgrade=False,
            # Without Extended Support, RDS upgrades the major version when its standard support
            # ends (docs/decisions/0009-versions-of-the-data-stores.md).
            engine_lifecycle_support=rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT,
            cloudwatch_logs_exports=list(_EXPORTED_LOGS),
            database_insights_mode=self._insights_mode,
            enable_performance_insights=monitoring.database_insights,
            performance_insight_encryption_key=self._insights_key,
            monitoring_interval=self._monitoring_interval,
            monitoring_role=self.monitoring_role,
            deletion_protection=deletion_protection,
            removal_policy=removal_policy,
        )
        self.instance.node.add_dependency(*self._create_log_groups(self, identifier))
        resource = cast(rds.CfnDBInstance, self.instance.node.default_child)
        if backups.replication is not None:
            _replicate_backups(resource, backups.replication)
        if restore is not None:
            restore_instance(resource, restore)
        if not set_admin_password:
            resource.master_user_password = None

    def add_read_replica(self, number: int) -> rds.DatabaseInstanceReadReplica:
        """Create a read replica in one Availability Zone, with its own endpoint and log groups.

        It needs no backups and no deletion protection, because the instance has its data.

        Args:
            number: The number of the replica, from 1. It is part of the id and of the name.
        """
        identifier = replica_identifier(self._identifier, number)
        scope = Construct(self, f"Replica{number}")
        replica = rds.DatabaseInstanceReadReplica(
            scope,
            "Instance",
            source_database_instance=self.instance,
            instance_identifier=identifier,
            instance_type=self._instance_type,
            port=_PORT,
            vpc=self._vpc,
            vpc_subnets=self._subnets,
            security_groups=[self._security_group],
            publicly_accessible=False,
            multi_az=False,
            # A replica in the same Region has the encryption of its source.
            storage_type=rds.StorageType.GP3,
            max_allocated_storage=self._storage.max_gib,
            parameter_group=self._parameter_group,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            iam_authentication=True,
            preferred_maintenance_window=self._maintenance.window,
            auto_minor_version_upgrade=self._maintenance.auto_minor_version_upgrade,
            cloudwatch_logs_exports=list(_EXPORTED_LOGS),
            enable_performance_insights=self._monitoring.database_insights,
            performance_insight_encryption_key=self._insights_key,
            monitoring_interval=self._monitoring_interval,
            monitoring_role=self.monitoring_role,
            deletion_protection=False,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        replica.node.add_dependency(*self._create_log_groups(scope, identifier))
        return replica

    @property
    def _monitoring_interval(self) -> cdk.Duration:
        return cdk.Duration.seconds(self._monitoring.enhanced_monitoring_seconds)

    @property
    def _insights_mode(self) -> rds.DatabaseInsightsMode | None:
        return rds.DatabaseInsightsMode.STANDARD if self._monitoring.database_insights else None

    @property
    def _insights_key(self) -> kms.IKey | None:
        return self._storage.encryption_key if self._monitoring.database_insights else None

    def _create_monitoring_role(self) -> iam.Role | None:
        """Create the role with which RDS sends the operating system metrics to CloudWatch Logs."""
        if not self._monitoring.enhanced_monitoring_seconds:
            return None
        account = cdk.Stack.of(self).account
        return iam.Role(
            self,
            "MonitoringRole",
            assumed_by=iam.ServicePrincipal(
                "monitoring.rds.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": account}},
            ),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(
                    "service-role/AmazonRDSEnhancedMonitoringRole"
                )
            ],
        )

    def _create_log_groups(self, scope: Construct, identifier: str) -> list[logs.LogGroup]:
        """Create the log groups. RDS would create them without encryption and retention."""
        return [
            EncryptedLogGroup(
                scope,
                f"{log.capitalize()}Logs",
                log_group_name=log_group_name(identifier, log),
                encryption_key=self._monitoring.logs_key,
                retention_days=self._monitoring.log_retention_days,
            )
            for log in _EXPORTED_LOGS
        ]


def replica_identifier(instance: str, number: int) -> str:
    """Return the name of a read replica, which is a dimension of its metrics."""
    return f"{instance}-replica-{number}"


def log_group_name(instance: str, log: str) -> str:
    """Return the name of the log group to which RDS exports a log of an instance."""
    return f"/aws/rds/instance/{instance}/{log}"


def _replicate_backups(instance: rds.CfnDBInstance, replication: BackupReplication) -> None:
    """Set the properties of the copies, which the L2 instance does not have."""
    instance.automatic_backup_replication_region = replication.region
    instance.automatic_backup_replication_kms_key_id = replication.kms_key_arn
    instance.automatic_backup_replication_retention_period = replication.retention_days
