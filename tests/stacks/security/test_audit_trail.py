"""INFRASTRUCTURE.md: Access Audit, CloudTrail enabled."""

from typing import Any

from tests.synthesis import ACCOUNT, SynthesizedStage


def test_the_trail_covers_all_regions_and_validates_its_files(stage: SynthesizedStage) -> None:
    trail = stage.only("security", "AWS::CloudTrail::Trail")
    assert trail["IsLogging"] and trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"] and trail["EnableLogFileValidation"]
    assert trail["KMSKeyId"] and trail["CloudWatchLogsLogGroupArn"]


def test_every_bucket_is_private_encrypted_versioned_and_requires_tls(
    stage: SynthesizedStage,
) -> None:
    buckets = stage.resources("security", "AWS::S3::Bucket")
    policies = {
        each["Properties"]["Bucket"]["Ref"]: each["Properties"]["PolicyDocument"]["Statement"]
        for each in stage.resources("security", "AWS::S3::BucketPolicy").values()
    }
    for name, bucket in buckets.items():
        properties = bucket["Properties"]
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert properties["BucketEncryption"] and properties["LifecycleConfiguration"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        conditions = [s["Condition"] for s in policies[name] if s["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in conditions


def test_the_files_of_the_trail_are_kept_for_a_year_and_outlive_the_stack(
    production: SynthesizedStage,
) -> None:
    buckets = production.resources("security", "AWS::S3::Bucket")
    (audit,) = [b for name, b in buckets.items() if name.startswith("AuditBucket")]
    assert audit["DeletionPolicy"] == "RetainExceptOnCreate"
    (lifecycle,) = audit["Properties"]["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] == 365
    assert audit["Properties"]["LoggingConfiguration"]["DestinationBucketName"]


def test_only_the_trail_of_the_stage_writes_to_its_bucket(stage: SynthesizedStage) -> None:
    """Without `aws:SourceArn`, a trail of a foreign account could name the bucket as its own.

    Source: "Amazon S3 bucket policy for CloudTrail".
    """
    trail = stage.only("security", "AWS::CloudTrail::Trail")
    arn = f"arn:aws:cloudtrail:{stage.settings.region}:{ACCOUNT}:trail/{trail['TrailName']}"
    policies = stage.resources("security", "AWS::S3::BucketPolicy").values()
    statements: list[dict[str, Any]] = [
        statement
        for policy in policies
        if policy["Properties"]["Bucket"] == trail["S3BucketName"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    ]
    assert {statement["Action"] for statement in statements} == {"s3:GetBucketAcl", "s3:PutObject"}
    for statement in statements:
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == arn


def test_the_trail_waits_for_the_policy_of_its_bucket(stage: SynthesizedStage) -> None:
    """CreateTrail fails with InsufficientS3BucketPolicyException without the policy."""
    (trail,) = stage.resources("security", "AWS::CloudTrail::Trail").values()
    policies = stage.resources("security", "AWS::S3::BucketPolicy")
    bucket = trail["Properties"]["S3BucketName"]
    (policy,) = [k for k, v in policies.items() if v["Properties"]["Bucket"] == bucket]
    assert policy in trail["DependsOn"]
