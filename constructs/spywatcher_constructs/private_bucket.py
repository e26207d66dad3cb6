"""An S3 bucket for logs and records, which expire."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs import Construct

_AUTO_DELETE_PROVIDER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"
"""The construct ID that CDK gives to the provider of `auto_delete_objects` in each stack."""


class PrivateBucket(s3.Bucket):
    """A bucket without public access, with encryption, versions and an expiration.

    S3 keeps the versions that were overwritten, so that no change is lost. Requests need TLS 1.2.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        expiration: cdk.Duration,
        removal_policy: cdk.RemovalPolicy,
        encryption_key: kms.IKey | None = None,
        access_logs: s3.IBucket | None = None,
    ) -> None:
        """Create the bucket.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            expiration: How long S3 keeps an object, and a version after it was overwritten.
            removal_policy: What happens to the bucket when the stack is deleted. DESTROY deletes
                its objects, too.
            encryption_key: The KMS key of the objects. By default, S3 encrypts with its own key.
                Load balancers and S3 access logging write to no bucket with a KMS key.
            access_logs: The bucket that receives the access log of this one.
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
                    expiration=expiration,
                    noncurrent_version_expiration=expiration,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                )
            ],
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/" if access_logs else None,
            removal_policy=removal_policy,
            auto_delete_objects=removal_policy == cdk.RemovalPolicy.DESTROY,
        )
        if removal_policy == cdk.RemovalPolicy.DESTROY:
            self._allow_reading_tags_at_deletion()

    def _allow_reading_tags_at_deletion(self) -> None:
        """Let the function that empties the bucket read the bucket's tags.

        When a later update retains the bucket, it removes the tag that lets the function empty the
        bucket, and the statement of the bucket policy that lets it read the tags. CloudFormation
        then deletes the custom resource, and the function must find that the tag is gone. Without
        this permission, the deletion fails three times (aws-cdk #37257).
        """
        provider = cdk.Stack.of(self).node.find_child(_AUTO_DELETE_PROVIDER)
        cast(cdk.CustomResourceProviderBase, provider).add_to_role_policy(
            {"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": self.bucket_arn}
        )
