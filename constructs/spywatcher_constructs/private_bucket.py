"""A bucket for logs and records: private, encrypted, versioned, expiring."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs import Construct


class PrivateBucket(s3.Bucket):
    """A bucket that nobody reads from outside, nobody overwrites unseen, and that empties itself.

    Every version is kept as long as its object; TLS 1.2 is asked of every request.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        keep: cdk.Duration,
        removal_policy: cdk.RemovalPolicy,
        encryption_key: kms.IKey | None = None,
        access_logs: s3.IBucket | None = None,
    ) -> None:
        """Make the bucket.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            keep: how long an object is kept, and after it a version that was overwritten.
            removal_policy: what becomes of the bucket, and with DESTROY of its objects, when the
                stack is deleted.
            encryption_key: left out, S3's own key: load balancers and S3's access logging write
                to no bucket with a key from KMS.
            access_logs: records who asks for the objects.
        """
        encryption = s3.BucketEncryption.KMS if encryption_key else s3.BucketEncryption.S3_MANAGED
        super().__init__(
            scope,
            construct_id,
            encryption=encryption,
            encryption_key=encryption_key,
            bucket_key_enabled=True if encryption_key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=keep,
                    noncurrent_version_expiration=keep,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                )
            ],
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/" if access_logs else None,
            removal_policy=removal_policy,
            auto_delete_objects=removal_policy == cdk.RemovalPolicy.DESTROY,
        )
