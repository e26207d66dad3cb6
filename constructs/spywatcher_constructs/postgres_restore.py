"""The restore of an RDS instance from a snapshot or from automated backups."""

import datetime as dt
from dataclasses import dataclass

from aws_cdk import aws_rds as rds


@dataclass(frozen=True, kw_only=True)
class SnapshotRestore:
    """A restore from a snapshot."""

    snapshot: str
    """The name or the ARN of the snapshot."""


@dataclass(frozen=True, kw_only=True)
class PointInTimeRestore:
    """A restore from automated backups, which one of the two sources has."""

    source_resource_id: str | None = None
    """The DbiResourceId of an instance. With its name instead, CloudFormation would create a read
    replica, for which it accepts no password."""
    source_backups_arn: str | None = None
    """The ARN of automated backups that were copied from another Region."""
    time: dt.datetime | None = None
    """The time to restore, in UTC. By default, the latest time that RDS can restore."""


Restore = SnapshotRestore | PointInTimeRestore


def restore_instance(instance: rds.CfnDBInstance, restore: Restore) -> None:
    """Make RDS create the instance from a backup, and remove the properties that the backup has.

    CloudFormation accepts no database name, no administrator's name and no key for a restored
    instance (AWS::RDS::DBInstance, DBSnapshotIdentifier and KmsKeyId). The storage may be larger
    than in the settings, because it can have grown, and RDS does not shrink it.
    """
    instance.db_name = None
    instance.master_username = None
    instance.storage_encrypted = None
    instance.kms_key_id = None
    instance.allocated_storage = None
    match restore:
        case SnapshotRestore():
            instance.db_snapshot_identifier = restore.snapshot
        case PointInTimeRestore():
            instance.source_dbi_resource_id = restore.source_resource_id
            instance.source_db_instance_automated_backups_arn = restore.source_backups_arn
            if restore.time is None:
                instance.use_latest_restorable_time = True
            else:
                instance.restore_time = restore.time.strftime("%Y-%m-%dT%H:%M:%SZ")
