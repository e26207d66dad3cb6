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
