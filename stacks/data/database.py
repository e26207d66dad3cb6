"""PostgreSQL: an instance for each generation, read replicas and the credentials."""

import datetime as dt

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds

from constructs import Construct
from settings import StageSettings
from settings.database import GenerationSettings
from spywatcher_constructs.postgres import (
    BackupReplication,
    Backups,
    Maintenance,
    Monitoring,
    PostgresInstance,
    Storage,
    log_group_name,
)
from spywatcher_constructs.postgres_restore import PointInTimeRestore, Restore, SnapshotRestore
from spywatcher_constructs.three_tier_vpc import DATABASE_SUBNETS
from stacks.data.database_credentials import DATABASE_NAME, DatabaseCredentials
from stacks.data.database_findings import acknowledge_findings, acknowledge_replica_findings
from stacks.network.security_groups import SecurityGroups
from stacks.security.keys import Keys
from stacks.shared.names import instance_identifier


class Database(Construct):
    """The instances of PostgreSQL, of which the application uses the active one.

    A recovery adds a generation: a new instance beside the present one. A second change of the
    settings makes the new instance the active one. The previous instance and its data remain until
    later changes remove them (docs/runbooks/restore-database.md).
    """

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
        """Create the credentials, the instances, and the replicas of the active instance.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            vpc: The VPC.
            security_groups: The security groups of PostgreSQL and of the rotation functions.
            keys: The KMS keys of PostgreSQL, the credentials and the logs.
            removal_policy: What happens to the credentials when the stack is deleted. It does not
                apply to the instances, of which RDS keeps a final snapshot in a protected stage.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._vpc = vpc
        self._security_group = security_groups.database
        self._keys = keys
        self._credentials = DatabaseCredentials(
            self,
            "Credentials",
            settings=settings,
            encryption_key=keys.secrets,
            removal_policy=removal_policy,
        )
        self.secrets = self._credentials.secrets
        generations = {
            generation.number: self._create_generation(generation)
            for generation in settings.database.generations
        }
        active = generations[settings.database.active_generation]
        self.instances = [generation.instance for generation in generations.values()]
        self.active_instance: rds.IDatabaseInstance = active.instance
        self.rotations = self._credentials.rotations
        self.active_log = self._import_log_group(self.active_instance)
        self._add_read_replicas(active)
        self._credentials.add_rotation(
            self.active_instance,
            vpc=vpc,
            security_group=security_groups.rotation,
            logs_key=keys.logs,
        )
        self._export_identifiers()
        self._output_endpoint("Endpoint", "PostgreSQL", active.instance)

    def _create_generation(self, generation: GenerationSettings) -> PostgresInstance:
        settings, database = self._settings, self._settings.database
        postgres = PostgresInstance(
            self,
            f"Generation{generation.number}",
            identifier=instance_identifier(settings, generation.number),
            engine_version=database.engine_version,
            instance_class=database.instance_class,
            database_name=DATABASE_NAME,
            administrator=self._credentials.administrator,
            parameters=self._parameters(),
            vpc=self._vpc,
            subnets=DATABASE_SUBNETS,
            security_group=self._security_group,
            multi_az=database.multi_az,
            storage=Storage(
                gib=database.storage_gib,
                max_gib=database.max_storage_gib,
                encryption_key=self._keys.database,
            ),
            backups=self._backups(),
            maintenance=Maintenance(
                window=settings.maintenance.weekly_window,
                auto_minor_version_upgrade=database.auto_minor_version_upgrade,
            ),
            monitoring=Monitoring(
                database_insights=database.performance_insights,
                enhanced_monitoring_seconds=database.enhanced_monitoring_seconds,
                logs_key=self._keys.logs,
                log_retention_days=database.log_retention_days,
            ),
            restore=_restore(generation),
            set_admin_password=not generation.is_restored or generation.admin_password_from_secret,
            deletion_protection=settings.deletion_protection and not generation.retiring,
            removal_policy=(
                cdk.RemovalPolicy.SNAPSHOT
                if settings.deletion_protection
                else cdk.RemovalPolicy.DESTROY
            ),
        )
        acknowledge_findings(postgres, settings, generation)
        return postgres

    def _parameters(self) -> dict[str, str]:
        """Return the parameters that differ from the defaults, or must not change with them.

        Statements are not logged (`log_statement`), because some of them contain passwords.
        """
        return {
            "rds.force_ssl": "1",
            "ssl_min_protocol_version": "TLSv1.2",
            "password_encryption": "scram-sha-256",
            "log_connections": "1",
            "log_disconnections": "1",
            "log_lock_waits": "1",
            "log_min_duration_statement": str(self._settings.database.slow_query_milliseconds),
        }

    def _backups(self) -> Backups:
        database = self._settings.database
        return Backups(
            retention_days=database.backup_retention_days,
            window=self._settings.maintenance.daily_backup_window,
            replication=BackupReplication(
                region=database.second_region.region,
                kms_key_arn=database.second_region.kms_key_arn,
                retention_days=database.second_region.retention_days,
            )
            if database.second_region
            else None,
        )

    def _import_log_group(self, instance: rds.IDatabaseInstance) -> logs.ILogGroup:
        """Return the PostgreSQL log of an instance, by the exported name of the instance.

        A reference to the log group itself would be an export of its own, which CloudFormation
        could not remove at a switch of generations while another stack imports it.
        """
        name = log_group_name(instance.instance_identifier, "postgresql")
        return logs.LogGroup.from_log_group_name(self, "ActiveLogs", name)

    def _add_read_replicas(self, source: PostgresInstance) -> None:
        for number in range(1, self._settings.database.read_replicas + 1):
            replica = source.add_read_replica(number)
            acknowledge_replica_findings(replica, self._settings)
            self._output_endpoint(
                f"ReplicaEndpoint{number}", f"PostgreSQL, read replica {number}", replica
            )

    def _export_identifiers(self) -> None:
        """Export the name of every instance, even if no stack imports it.

        After a switch of generations, another stack still imports the old one until its own update.
        """
        for instance in self.instances:
            cdk.Stack.of(self).export_value(instance.instance_identifier)

    def _output_endpoint(
        self, construct_id: str, description: str, instance: rds.IDatabaseInstance
    ) -> None:
        """Show an endpoint after a deployment, for people who connect to it."""
        cdk.CfnOutput(
            self,
            construct_id,
            description=description,
            value=instance.db_instance_endpoint_address,
        )


def _restore(generation: GenerationSettings) -> Restore | None:
    if generation.restore_from_snapshot is not None:
        return SnapshotRestore(snapshot=generation.restore_from_snapshot)
    if generation.restore_to_time is None:
        return None
    time = generation.restore_to_time
    return PointInTimeRestore(
        source_resource_id=generation.restore_source_resource_id,
        source_backups_arn=generation.restore_source_backups_arn,
        time=time if isinstance(time, dt.datetime) else None,
    )
