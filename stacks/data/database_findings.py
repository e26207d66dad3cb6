"""The accepted security findings about PostgreSQL, each with its reason."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds

from settings import StageSettings
from settings.database import GenerationSettings
from spywatcher_constructs.postgres import PostgresInstance
from stacks.shared.acknowledgement import acknowledge


def acknowledge_findings(
    postgres: PostgresInstance, settings: StageSettings, generation: GenerationSettings
) -> None:
    """Accept the findings about an instance that follow from the design or from the settings."""
    instance = postgres.instance
    _acknowledge_instance(instance)
    if postgres.monitoring_role is not None:
        _acknowledge_monitoring_role(postgres.monitoring_role)
    if not settings.database.multi_az:
        _acknowledge_single_az(instance)
    if generation.retiring or not settings.deletion_protection:
        _acknowledge_missing_deletion_protection(instance)
    if generation.is_restored:
        _acknowledge_encryption_of_backup(instance)


def acknowledge_replica_findings(replica: rds.DatabaseInstanceReadReplica) -> None:
    """Accept the findings about a read replica, whose data its source protects."""
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


def _acknowledge_instance(instance: rds.DatabaseInstance) -> None:
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


def _acknowledge_monitoring_role(role: iam.Role) -> None:
    acknowledge(
        role,
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
        "AmazonRDSEnhancedMonitoringRole]",
        reason="It writes to RDS' own log groups and nothing else, AWS keeps it fitting, "
        "and the role trusts RDS for this account alone.",
    )


def _acknowledge_single_az(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS3",
        "NIST.800.53.R5-RDSMultiAZSupport",
        "CKV_AWS_157",
        reason="A stage whose settings do without a standby (multi_az: false): the design "
        "gives staging one instance, and its backups restore it.",
    )


def _acknowledge_missing_deletion_protection(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS10",
        "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled",
        reason="Settings say that it may be deleted (deletion_protection or retiring), "
        "which is reviewed; where the stage is protected a final snapshot stays.",
    )


def _acknowledge_encryption_of_backup(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS2",
        "NIST.800.53.R5-RDSStorageEncrypted",
        "CKV_AWS_16",
        reason="A restored instance is encrypted as its source was; CloudFormation takes "
        "no key beside an origin (AWS::RDS::DBInstance, StorageEncrypted).",
    )
