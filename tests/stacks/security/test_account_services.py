"""INFRASTRUCTURE.md: Security, services that an account has once."""

import pytest

from tests.synthesis import SynthesizedStage

ACCOUNT_WIDE = (
    "AWS::IAM::OIDCProvider",
    "AWS::AccessAnalyzer::Analyzer",
    "AWS::GuardDuty::Detector",
    "AWS::Config::ConfigurationRecorder",
)


@pytest.mark.parametrize("resource_type", ACCOUNT_WIDE)
def test_one_of_the_stages_creates_the_account_wide_resources(
    production: SynthesizedStage, staging: SynthesizedStage, resource_type: str
) -> None:
    assert len(production.resources("security", resource_type)) == 1
    assert len(staging.resources("security", resource_type)) == 0


def test_config_evaluates_the_requirements_of_the_design(
    production: SynthesizedStage,
) -> None:
    pack = production.only("security", "AWS::Config::ConformancePack")
    for rule in ("RDS_STORAGE_ENCRYPTED", "VPC_FLOW_LOGS_ENABLED", "CLOUD_TRAIL_ENABLED"):
        assert rule in pack["TemplateBody"]


def test_the_delivery_channel_of_config_waits_for_the_policy_of_its_bucket(
    production: SynthesizedStage,
) -> None:
    """PutDeliveryChannel fails with InsufficientDeliveryPolicyException without the policy."""
    (channel,) = production.resources("security", "AWS::Config::DeliveryChannel").values()
    bucket = channel["Properties"]["S3BucketName"]
    policies = production.resources("security", "AWS::S3::BucketPolicy")
    (policy,) = [k for k, v in policies.items() if v["Properties"]["Bucket"] == bucket]
    assert policy in channel["DependsOn"]


def test_the_delivery_channel_and_the_recorder_do_not_wait_for_each_other(
    production: SynthesizedStage,
) -> None:
    """CloudFormation completes each of them only when both exist."""
    ((channel_id, channel),) = production.resources(
        "security", "AWS::Config::DeliveryChannel"
    ).items()
    ((recorder_id, recorder),) = production.resources(
        "security", "AWS::Config::ConfigurationRecorder"
    ).items()
    assert recorder_id not in channel["DependsOn"]
    assert channel_id not in recorder.get("DependsOn", [])
