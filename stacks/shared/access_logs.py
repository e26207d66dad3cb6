"""The bucket for the access logs of the other buckets of a stack."""

import aws_cdk as cdk

from constructs import Construct
from spywatcher_constructs.private_bucket import PrivateBucket
from stacks.shared.acknowledgement import acknowledge

REPLICATION = "NIST.800.53.R5-S3BucketReplicationEnabled"
REPLICATION_REASON = (
    "The bucket holds logs. S3 stores them in three Availability Zones, and keeps the versions of "
    "overwritten objects. The design does not require a copy in another Region."
)


def create_access_log_bucket(scope: Construct, removal_policy: cdk.RemovalPolicy) -> PrivateBucket:
    """Create the bucket, with the construct id `AccessLogs`. It keeps a log for 90 days."""
    bucket = PrivateBucket(
        scope, "AccessLogs", expiration=cdk.Duration.days(90), removal_policy=removal_policy
    )
    acknowledge(bucket, REPLICATION, reason=REPLICATION_REASON)
    acknowledge(
        bucket,
        "NIST.800.53.R5-S3DefaultEncryptionKMS",
        reason="S3 delivers no access logs to buckets with a KMS key. S3 encrypts the bucket "
        "with its own keys.",
    )
    acknowledge(
        bucket,
        "CKV_AWS_18",
        reason="The bucket stores access logs. Its own access logs would create more of them.",
    )
    return bucket
