"""A CloudTrail trail with its bucket."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
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
        self._allow_delivery(name)
        self._trail = cloudtrail.Trail(
            self,
            "Trail",
            trail_name=name,
            # An imported bucket, as the L2 adds statements for the trails of any account otherwise.
            bucket=s3.Bucket.from_bucket_name(self, "Destination", self.bucket.bucket_name),
            encryption_key=encryption_key,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_file_validation=True,
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=log_group,
        )
        # CreateTrail tests whether CloudTrail may write to the bucket. A deletion stops the trail
        # before it empties the bucket.
        resource = cast(cdk.CfnResource, self._trail.node.default_child)
        resource.node.add_dependency(self.bucket)

    def _allow_delivery(self, trail_name: str) -> None:
        """Allow CloudTrail to deliver the files of this trail, and of no other.

        Without `aws:SourceArn`, a trail of a foreign account could write to the bucket ("Amazon S3
        bucket policy for CloudTrail"). The role that writes to the log group has no such condition:
        CloudTrail documents that it does not support one there ("Role policy document for
        CloudTrail to use CloudWatch Logs for monitoring"). That role can write to one log group.
        """
        stack = cdk.Stack.of(self)
        trail = stack.format_arn(service="cloudtrail", resource="trail", resource_name=trail_name)
        cloudtrail_service = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudtrail_service],
                actions=["s3:GetBucketAcl"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringEquals": {"aws:SourceArn": trail}},
            )
        )
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[cloudtrail_service],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"AWSLogs/{stack.account}/*")],
                conditions={
                    "StringEquals": {
                        "aws:SourceArn": trail,
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                },
            )
        )

    @property
    def trail_arn(self) -> str:
        """The ARN of the trail."""
        return self._trail.trail_arn

    @property
    def log_policy(self) -> IConstruct:
        """The IAM policy that allows the trail to write to the log group."""
        return self._trail.node.find_child("LogsRole").node.find_child("DefaultPolicy")
