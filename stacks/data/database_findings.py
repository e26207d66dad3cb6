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
    else:
        _acknowledge_missing_monitoring(instance)
    if not settings.database.multi_az:
        _acknowledge_single_az(instance)
    if generation.retiring or not settings.deletion_protection:
        _acknowledge_missing_deletion_protection(instance)
    if generation.is_restored:
        _acknowledge_encryption_of_backup(instance)


def acknowledge_replica_findings(
    replica: rds.DatabaseInstanceReadReplica, settings: StageSettings
) -> None:
    """Accept the findings about a read replica, whose data its source protects."""
    if not settings.database.enhanced_monitoring_seconds:
        _acknowledge_missing_monitoring(replica)
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
        reason="A read replica holds no data of its own. Its source has the data, the standby and "
        "the backups, and determines the encryption. The settings add and remove replicas.",
    )


def _acknowledge_missing_monitoring(
    instance: rds.DatabaseInstance | rds.DatabaseInstanceReadReplica,
) -> None:
    """Accept that the operating system of an instance is not monitored."""
    acknowledge(
        instance,
        "NIST.800.53.R5-RDSEnhancedMonitoringEnabled",
        "CKV_AWS_118",
        reason="The settings turn Enhanced Monitoring off (enhanced_monitoring_seconds: 0), and "
        "their changes are reviewed. The alarms use the metrics that RDS itself sends to "
        "CloudWatch.",
    )


def _acknowledge_instance(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS11",
        reason="The subnets have no route to the internet, and the security group allows only the "
        "pods and the rotation functions. Another port would add no protection.",
    )
    acknowledge(
        instance,
        "NIST.800.53.R5-RDSInBackupPlan",
        reason="RDS itself keeps automated backups, and can restore any time within the retention "
        "days. A plan of AWS Backup would only add a daily snapshot.",
    )
    acknowledge(
        instance,
        "W3691",
        reason="RDS creates the default minor version of this major version, and upgrades it in "
        "the maintenance window. A pinned minor version would downgrade a patched instance. "
        "settings/support.py checks the major version.",
    )


def _acknowledge_monitoring_role(role: iam.Role) -> None:
    acknowledge(
        role,
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
        "AmazonRDSEnhancedMonitoringRole]",
        reason="The policy allows only writing to the log groups of RDS, and AWS maintains it. "
        "The role trusts RDS on behalf of this account only.",
    )


def _acknowledge_single_az(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS3",
        "NIST.800.53.R5-RDSMultiAZSupport",
        "CKV_AWS_157",
        reason="The settings of this stage have no standby (multi_az: false), because the design "
        "gives staging one instance. Its backups can restore it.",
    )


def _acknowledge_missing_deletion_protection(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS10",
        "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled",
        reason="The settings allow the deletion (deletion_protection or retiring), and their "
        "changes are reviewed. In a protected stage, RDS keeps a final snapshot.",
    )


def _acknowledge_encryption_of_backup(instance: rds.DatabaseInstance) -> None:
    acknowledge(
        instance,
        "AwsSolutions-RDS2",
        "NIST.800.53.R5-RDSStorageEncrypted",
        "CKV_AWS_16",
        reason="A restored instance has the encryption of its source. CloudFormation accepts no "
        "key for it (AWS::RDS::DBInstance, StorageEncrypted).",
    )
