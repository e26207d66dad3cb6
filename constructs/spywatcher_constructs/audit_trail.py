"""A CloudTrail trail with its bucket."""

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3

from constructs import Construct, IConstruct
from spywatcher_constructs.private_bucket import PrivateBucket


class AuditTrail(Construct):
    """A trail of the management events of all Regions, with log file validation."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        encryption_key: kms.IKey,
        log_group: logs.ILogGroup,
        access_logs: s3.IBucket,
        expiration: cdk.Duration,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the trail and its bucket.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the trail, which the policy of the key can refer to.
            encryption_key: The KMS key of the log files. Its policy must allow CloudTrail to use
                it.
            log_group: The log group that receives the events in addition to the bucket, so that
                alarms can use them.
            access_logs: The bucket that receives the access log of the trail's bucket.
            expiration: How long the bucket keeps a log file.
            removal_policy: What happens to the bucket when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self.bucket = PrivateBucket(
            self,
            "Bucket",
            expiration=expiration,
            removal_policy=removal_policy,
            encryption_key=encryption_key,
            access_logs=access_logs,
        )
        self._trail = cloudtrail.Trail(
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
        """The IAM policy that allows the trail to write to the log group."""
        return self._trail.node.find_child("LogsRole").node.find_child("DefaultPolicy")
