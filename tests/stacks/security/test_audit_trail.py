"""INFRASTRUCTURE.md: Access Audit, CloudTrail enabled."""

from tests.synthesis import SynthesizedStage


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
