"""A CloudTrail trail with a bucket that keeps what was written."""

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3

from constructs import Construct, IConstruct
from spywatcher_constructs.private_bucket import PrivateBucket


class AuditTrail(Construct):
    """A multi-region trail of management events, validated, encrypted, and also in a log group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        encryption_key: kms.IKey,
        log_group: logs.ILogGroup,
        access_logs: s3.IBucket,
        keep: cdk.Duration,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Make the trail and its bucket.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: the trail's name; the key's policy can name the trail by it.
            encryption_key: encrypts the files; its policy must let CloudTrail use it.
            log_group: receives the events as well, so that alarms can watch them.
            access_logs: records who reads the files.
            keep: how long the bucket keeps a file.
            removal_policy: what becomes of the bucket when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self.bucket = PrivateBucket(
            self,
            "Bucket",
            keep=keep,
            removal_policy=removal_policy,
            encryption_key=encryption_key,
            access_logs=access_logs,
        )
        self.trail = cloudtrail.Trail(
            self,
            "Trail",
            trail_name=name,
            bucket=self.bucket,
            encryption_key=encryption_key,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_file_validation=True,
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=log_group,
        )

    @property
    def log_policy(self) -> IConstruct:
        """The policy by which the trail writes to the log group."""
        return self.trail.node.find_child("LogsRole").node.find_child("DefaultPolicy")
