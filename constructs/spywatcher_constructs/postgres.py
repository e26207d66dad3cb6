"""A PostgreSQL instance on RDS that keeps its data: fresh, or restored from backups."""

import datetime as dt
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

PORT = 5432

_EXPORTED_LOGS = ("postgresql", "upgrade")


@dataclass(frozen=True, kw_only=True)
class FromSnapshot:
    """An instance restored from a snapshot."""

    identifier: str
    """Its name, or its ARN."""


@dataclass(frozen=True, kw_only=True)
class FromBackups:
    """An instance restored from a moment of another one's automated backups."""

    source_resource_id: str | None = None
    """The instance's DbiResourceId. Not its name: beside that, CloudFormation takes the restored
    instance for a read replica, and refuses it a password."""
    source_backups_arn: str | None = None
    """Automated backups that were copied from another region. One of both is given."""
    time: dt.datetime | None = None
    """Left out, the latest moment that can be restored."""


Origin = FromSnapshot | FromBackups


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Encrypted gp3 storage."""

    gib: int
    max_gib: int | None
    """It grows by itself up to here; left out, it does not grow."""
    key: kms.IKey
    """Encrypts storage, snapshots and insights."""


@dataclass(frozen=True, kw_only=True)
class Backups:
    """Automated backups: a daily snapshot, and the log in between."""

    retention_days: int
    """0 is no backups, and no restore to a point in time."""
    daily_window: str
    """UTC, such as 00:30-01:30."""
    second_region: str | None = None
    """Where RDS copies them to; left out, nowhere."""
    second_region_key_arn: str | None = None
    """A key of that region, which encrypts the copies."""
    second_region_retention_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """When and how far AWS patches."""

    weekly_window: str
    """UTC, such as sun:02:00-sun:04:00."""
    auto_minor_version_upgrade: bool


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What RDS tells of the instance."""

    insights: bool
    """Database Insights, standard mode: seven days."""
    monitoring_seconds: int
    """How often the operating system is measured; 0 is never."""
    logs_key: kms.IKey
    log_retention_days: int


class PostgresInstance(Construct):
    """One instance with its parameters, its subnets, its log groups and its read replicas.

    A change of `identifier` replaces the instance; so does, on a restored one, a change of
    `origin`. Both stay as they are for as long as it lives.
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
        admin_username: str,
        admin_password: cdk.SecretValue,
        parameters: Mapping[str, str],
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection,
        security_group: ec2.ISecurityGroup,
        multi_az: bool,
        storage: Storage,
        backups: Backups,
        maintenance: Maintenance,
        observation: Observation,
        origin: Origin | None = None,
        restoring: bool = False,
        deletion_protection: bool,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Make the instance.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            identifier: the instance's name, at most 63 characters.
            engine_version: such as 15, or 15.17; the family of the parameters is its major part.
            instance_class: such as db.t3.large.
            database_name: the database that a fresh instance begins with.
            admin_username: who may do everything in it.
            admin_password: a reference to a secret.
            parameters: what differs from the family's defaults.
            vpc: where it lives.
            subnets: the subnets that it may live in.
            security_group: who may reach it.
            multi_az: keep a standby in another zone, which takes over when the instance fails.
            storage: how much, and who encrypts it. A restored instance begins with its source's.
            backups: how long, when, and whether in a second region too.
            maintenance: when AWS patches, and how far.
            observation: logs and measurements.
            origin: left out, the instance begins empty.
            restoring: the restore is still to be done. CloudFormation takes no password for it;
                until an update gives it one, the instance has the one of its backups.
            deletion_protection: refuse to be deleted.
            removal_policy: what becomes of the instance when it leaves the template.
        """
        super().__init__(scope, construct_id)
        self._identifier = identifier
        self._instance_type = ec2.InstanceType(instance_class.removeprefix("db."))
        self._vpc = vpc
        self._subnets = subnets
        self._security_group = security_group
        self._storage = storage
        self._maintenance = maintenance
        self._observation = observation
        self._deletion_protection = deletion_protection
        engine = rds.DatabaseInstanceEngine.postgres(
            version=rds.PostgresEngineVersion.of(engine_version, engine_version.partition(".")[0])
        )
        self._parameters = rds.ParameterGroup(
            self, "Parameters", engine=engine, description=identifier, parameters=dict(parameters)
        )
        self.monitoring_role = self._make_monitoring_role()
        insights = observation.insights
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=identifier,
            engine=engine,
            instance_type=self._instance_type,
            database_name=database_name,
            credentials=rds.Credentials.from_password(admin_username, admin_password),
            port=PORT,
            vpc=vpc,
            vpc_subnets=subnets,
            security_groups=[security_group],
            publicly_accessible=False,
            multi_az=multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=storage.gib,
            max_allocated_storage=storage.max_gib,
            storage_encrypted=True,
            storage_encryption_key=storage.key,
            parameter_group=self._parameters,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            # Whoever holds a permission of IAM may ask for a token of 15 minutes; PostgreSQL
            # takes it from a role that was granted rds_iam, and none is (docs/decisions).
            iam_authentication=True,
            backup_retention=cdk.Duration.days(backups.retention_days),
            preferred_backup_window=backups.daily_window,
            delete_automated_backups=removal_policy == cdk.RemovalPolicy.DESTROY,
            copy_tags_to_snapshot=True,
            preferred_maintenance_window=maintenance.weekly_window,
            auto_minor_version_upgrade=maintenance.auto_minor_version_upgrade,
            allow_major_version_upgrade=False,
            cloudwatch_logs_exports=list(_EXPORTED_LOGS),
            database_insights_mode=rds.DatabaseInsightsMode.STANDARD if insights else None,
            enable_performance_insights=insights,
            performance_insight_retention=(
                rds.PerformanceInsightRetention.DEFAULT if insights else None
            ),
            performance_insight_encryption_key=storage.key if insights else None,
            monitoring_interval=self._monitoring_interval,
            monitoring_role=self.monitoring_role,
            deletion_protection=deletion_protection,
            removal_policy=removal_policy,
        )
        self.instance.node.add_dependency(*self._make_log_groups(self, identifier))
        resource = cast(rds.CfnDBInstance, self.instance.node.default_child)
        self._copy_backups(resource, backups)
        if origin is not None:
            self._restore(resource, origin)
        if restoring:
            resource.master_user_password = None

    def add_read_replica(self, number: int) -> rds.DatabaseInstanceReadReplica:
        """Make a copy to read from, in one zone, with an endpoint of its own.

        It holds no data of its own and has no backups: it can go at any time.

        Args:
            number: its number, from 1; part of its id and of its name.
        """
        identifier = replica_identifier(self._identifier, number)
        insights = self._observation.insights
        scope = Construct(self, f"Replica{number}")
        replica = rds.DatabaseInstanceReadReplica(
            scope,
            "Instance",
            source_database_instance=self.instance,
            instance_identifier=identifier,
            instance_type=self._instance_type,
            port=PORT,
            vpc=self._vpc,
            vpc_subnets=self._subnets,
            security_groups=[self._security_group],
            publicly_accessible=False,
            multi_az=False,
            # Encrypted as the instance is, without being told (KmsKeyId).
            storage_type=rds.StorageType.GP3,
            max_allocated_storage=self._storage.max_gib,
            parameter_group=self._parameters,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            iam_authentication=True,
            preferred_maintenance_window=self._maintenance.weekly_window,
            auto_minor_version_upgrade=self._maintenance.auto_minor_version_upgrade,
            cloudwatch_logs_exports=list(_EXPORTED_LOGS),
            enable_performance_insights=insights,
            performance_insight_retention=(
                rds.PerformanceInsightRetention.DEFAULT if insights else None
            ),
            performance_insight_encryption_key=self._storage.key if insights else None,
            monitoring_interval=self._monitoring_interval,
            monitoring_role=self.monitoring_role,
            deletion_protection=False,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        replica.node.add_dependency(*self._make_log_groups(scope, identifier))
        return replica

    @property
    def _monitoring_interval(self) -> cdk.Duration:
        return cdk.Duration.seconds(self._observation.monitoring_seconds)

    def _make_monitoring_role(self) -> iam.Role | None:
        """Let RDS write measurements of this account's instances to CloudWatch Logs."""
        if not self._observation.monitoring_seconds:
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

    def _make_log_groups(self, scope: Construct, identifier: str) -> list[logs.LogGroup]:
        """Make the groups before RDS does, which would keep them for ever and unencrypted."""
        return [
            EncryptedLogGroup(
                scope,
                f"{log.capitalize()}Logs",
                log_group_name=f"/aws/rds/instance/{identifier}/{log}",
                encryption_key=self._observation.logs_key,
                retention_days=self._observation.log_retention_days,
            )
            for log in _EXPORTED_LOGS
        ]

    @staticmethod
    def _copy_backups(resource: rds.CfnDBInstance, backups: Backups) -> None:
        """Copy them to the second region, with what CDK's instance has no property for."""
        resource.automatic_backup_replication_region = backups.second_region
        resource.automatic_backup_replication_kms_key_id = backups.second_region_key_arn
        resource.automatic_backup_replication_retention_period = (
            backups.second_region_retention_days
        )

    @staticmethod
    def _restore(resource: rds.CfnDBInstance, origin: Origin) -> None:
        """Say where the data comes from, and leave out what it brings along.

        CloudFormation wants no database, no administrator's name and no key beside an origin
        (AWS::RDS::DBInstance, DBSnapshotIdentifier and KmsKeyId). The storage may have grown over
        the settings' since, and RDS does not shrink it.
        """
        resource.db_name = None
        resource.master_username = None
        resource.storage_encrypted = None
        resource.kms_key_id = None
        resource.allocated_storage = None
        if isinstance(origin, FromSnapshot):
            resource.db_snapshot_identifier = origin.identifier
            return
        resource.source_dbi_resource_id = origin.source_resource_id
        resource.source_db_instance_automated_backups_arn = origin.source_backups_arn
        if origin.time is None:
            resource.use_latest_restorable_time = True
        else:
            resource.restore_time = origin.time.strftime("%Y-%m-%dT%H:%M:%SZ")


def replica_identifier(instance: str, number: int) -> str:
    """Return the name of an instance's read replica; its metrics carry it."""
    return f"{instance}-replica-{number}"
