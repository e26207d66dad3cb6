"""PostgreSQL: the generations of the instance, who may open them, and where they are reached."""

import datetime as dt

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds

from constructs import Construct
from settings import StageSettings
from settings.database import GenerationSettings
from spywatcher_constructs.postgres import (
    Backups,
    FromBackups,
    FromSnapshot,
    Maintenance,
    Observation,
    Origin,
    PostgresInstance,
    Storage,
)
from stacks.data.database_credentials import ADMINISTRATOR, DATABASE_NAME, DatabaseCredentials
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import instance_identifier


class Database(Construct):
    """One instance a generation. The application uses the active one.

    A recovery adds a generation, and a later change of the settings switches to it: the data in
    place stays untouched until a still later one removes it.
    """

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
        """Make the generations of the stage, and open the active one.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            vpc: where they live.
            subnets: the subnets that they may live in.
            security_group: who may reach them.
            rotation_group: lets the functions that rotate passwords reach them.
            encryption_key: encrypts storage, snapshots and insights.
            secrets_key: encrypts the credentials.
            logs_key: encrypts the logs.
            removal_policy: what becomes of secrets and logs when the stack is deleted. Of an
                instance, a protected stage keeps a final snapshot.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._vpc = vpc
        self._subnets = subnets
        self._security_group = security_group
        self._encryption_key = encryption_key
        self._logs_key = logs_key
        self._removal_policy = removal_policy
        self._credentials = DatabaseCredentials(
            self,
            "Credentials",
            settings=settings,
            encryption_key=secrets_key,
            removal_policy=removal_policy,
        )
        database = settings.database
        instances = {each.number: self._make(each) for each in database.generations}
        self.generations = [each.instance for each in instances.values()]
        self.secrets = [self._credentials.admin, self._credentials.application]
        active = instances[database.active_generation]
        self.instance: rds.IDatabaseInstance = active.instance
        # By the instance's name, which is exported for every generation: a switch must not take
        # back a group's export that another stack still reads.
        self.logs = logs.LogGroup.from_log_group_name(
            self, "ActiveLogs", f"/aws/rds/instance/{self.instance.instance_identifier}/postgresql"
        )
        self.read_replicas = [
            active.add_read_replica(number + 1) for number in range(database.read_replicas)
        ]
        self._credentials.open(self.instance, vpc=vpc, security_group=rotation_group)
        for generation in database.generations:
            self._acknowledge(generation, instances[generation.number])
            # Another stack may still read the one that is switched away from.
            cdk.Stack.of(self).export_value(
                instances[generation.number].instance.instance_identifier
            )
        for replica in self.read_replicas:
            _acknowledge_replica(replica)
        self._publish()

    def _make(self, generation: GenerationSettings) -> PostgresInstance:
        settings, database = self._settings, self._settings.database
        return PostgresInstance(
            self,
            f"Generation{generation.number}",
            identifier=instance_identifier(settings, generation.number),
            engine_version=database.engine_version,
            instance_class=database.instance_class,
            database_name=DATABASE_NAME,
            admin_username=ADMINISTRATOR,
            admin_password=self._credentials.admin_password,
            parameters=self._parameters(),
            vpc=self._vpc,
            subnets=self._subnets,
            security_group=self._security_group,
            multi_az=database.multi_az,
            storage=Storage(
                gib=database.storage_gib,
                max_gib=database.max_storage_gib,
                key=self._encryption_key,
            ),
            backups=self._backups(),
            maintenance=Maintenance(
                weekly_window=settings.maintenance.weekly_window,
                auto_minor_version_upgrade=database.auto_minor_version_upgrade,
            ),
            observation=Observation(
                insights=database.performance_insights,
                monitoring_seconds=database.enhanced_monitoring_seconds,
                logs_key=self._logs_key,
                log_retention_days=database.log_retention_days,
            ),
            origin=_origin(generation),
            restoring=generation.is_restored and not generation.admin_password_from_secret,
            deletion_protection=settings.deletion_protection and not generation.retiring,
            removal_policy=(
                cdk.RemovalPolicy.SNAPSHOT
                if settings.deletion_protection
                else cdk.RemovalPolicy.DESTROY
            ),
        )

    def _parameters(self) -> dict[str, str]:
        """Return what differs from RDS' defaults, or must not drift with them.

        Statements are not logged, though that would be of use: those that set passwords would be
        among them.
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
        database, copies = self._settings.database, self._settings.database.second_region
        return Backups(
            retention_days=database.backup_retention_days,
            daily_window=self._settings.maintenance.daily_backup_window,
            second_region=copies.region if copies else None,
            second_region_key_arn=copies.kms_key_arn if copies else None,
            second_region_retention_days=copies.retention_days if copies else None,
        )

    def _publish(self) -> None:
        """Show the endpoints after a deployment; a person connects to them, no stack does."""
        cdk.CfnOutput(
            self,
            "Endpoint",
            description="PostgreSQL",
            value=self.instance.db_instance_endpoint_address,
        )
        for number, replica in enumerate(self.read_replicas, start=1):
            cdk.CfnOutput(
                self,
                f"ReplicaEndpoint{number}",
                description=f"PostgreSQL, read replica {number}",
                value=replica.db_instance_endpoint_address,
            )

    def _acknowledge(self, generation: GenerationSettings, made: PostgresInstance) -> None:
        instance = made.instance
        acknowledge(
            instance,
            "AwsSolutions-RDS11",
            reason="A hidden port hides nothing from a scan: the subnets have no route to the "
            "internet, and security groups let in pods and the password rotation alone.",
        )
        acknowledge(
            instance,
            "NIST.800.53.R5-RDSInBackupPlan",
            reason="RDS backs it up itself: any moment of the retention days can be restored, "
            "where a plan of AWS Backup adds a snapshot a day.",
        )
        acknowledge(
            instance,
            "W3691",
            reason="A major version, which RDS takes for its newest minor one: the maintenance "
            "window upgrades, and a pinned one would downgrade. settings/support.py checks it.",
        )
        if made.monitoring_role is not None:
            acknowledge(
                made.monitoring_role,
                "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
                "AmazonRDSEnhancedMonitoringRole]",
                reason="It writes to RDS' own log groups and nothing else, AWS keeps it fitting, "
                "and the role trusts RDS for this account alone.",
            )
        if not self._settings.database.multi_az:
            acknowledge(
                instance,
                "AwsSolutions-RDS3",
                "NIST.800.53.R5-RDSMultiAZSupport",
                "CKV_AWS_157",
                reason="A stage whose settings do without a standby (multi_az: false): the design "
                "gives staging one instance, and its backups restore it.",
            )
        if generation.retiring or not self._settings.deletion_protection:
            acknowledge(
                instance,
                "AwsSolutions-RDS10",
                "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled",
                reason="Settings say that it may be deleted (deletion_protection or retiring), "
                "which is reviewed; where the stage is protected a final snapshot stays.",
            )
        if generation.is_restored:
            acknowledge(
                instance,
                "AwsSolutions-RDS2",
                "NIST.800.53.R5-RDSStorageEncrypted",
                "CKV_AWS_16",
                reason="A restored instance is encrypted as its source was; CloudFormation takes "
                "no key beside an origin (AWS::RDS::DBInstance, StorageEncrypted).",
            )


def _acknowledge_replica(replica: rds.DatabaseInstanceReadReplica) -> None:
    acknowledge(
        replica,
        "AwsSolutions-RDS2",
        "AwsSolutions-RDS3",
        "AwsSolutions-RDS10",
        "AwsSolutions-RDS11",
        "NIST.800.53.R5-RDSInBackupPlan",
        "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled",
        "NIST.800.53.R5-RDSMultiAZSupport",
        "NIST.800.53.R5-RDSStorageEncrypted",
        "CKV_AWS_16",
        "CKV_AWS_157",
        "W3691",
        reason="A copy to read from, which the settings add and remove; the instance that it "
        "copies keeps the data, its standby and its backups, and hands down its encryption.",
    )


def _origin(generation: GenerationSettings) -> Origin | None:
    if generation.restore_from_snapshot is not None:
        return FromSnapshot(identifier=generation.restore_from_snapshot)
    if generation.restore_to_time is None:
        return None
    time = generation.restore_to_time
    return FromBackups(
        source_resource_id=generation.restore_source_resource_id,
        source_backups_arn=generation.restore_source_backups_arn,
        time=time if isinstance(time, dt.datetime) else None,
    )
