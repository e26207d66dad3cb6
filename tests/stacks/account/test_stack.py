"""INFRASTRUCTURE.md: Security, what an account has once."""

from collections.abc import Iterator
from typing import Any

import pytest

from settings import StageSettings, load_stage
from tests.synthesis import (
    ACCOUNT,
    SynthesizedAccount,
    SynthesizedStage,
    Template,
    synthesize_account,
)
from tools.templates.schemas import registry_schemas
from tools.templates.text import as_text

REGION = "us-east-1"
MADE = {
    "github_oidc_provider": "AWS::IAM::OIDCProvider",
    "access_analyzer": "AWS::AccessAnalyzer::Analyzer",
    "guardduty": "AWS::GuardDuty::Detector",
    "config_recorder": "AWS::Config::ConfigurationRecorder",
}
"""The resource type of each item, by its setting."""


def account_with(**account_wide: Any) -> SynthesizedAccount:
    """Return the account of staging, with changes to what it has once."""
    return synthesize_account(stage_with(**account_wide))


def stage_with(**account_wide: Any) -> StageSettings:
    values = load_stage("staging").model_dump()
    values["account_wide"] |= account_wide
    return StageSettings.model_validate(values)


def resource_types(template: Template) -> Iterator[str]:
    yield from (resource["Type"] for resource in template["Resources"].values())


# Who makes what -----------------------------------------------------------------------------


@pytest.mark.parametrize("resource_type", MADE.values())
def test_the_account_stack_alone_makes_what_an_account_has_once(
    account: SynthesizedAccount, stage: SynthesizedStage, resource_type: str
) -> None:
    assert len(account.resources(REGION, resource_type)) == 1
    for template in stage.templates.values():
        assert resource_type not in resource_types(template)


@pytest.mark.parametrize("setting", MADE)
def test_the_account_stack_does_not_make_what_the_account_has_already(setting: str) -> None:
    template = account_with(**{setting: "use"}).templates[REGION]
    assert MADE[setting] not in resource_types(template)


def test_a_recorder_of_control_tower_is_used_with_the_conformance_pack() -> None:
    account = account_with(config_recorder="use")
    assert not account.resources(REGION, "AWS::Config::DeliveryChannel")
    (pack,) = account.resources(REGION, "AWS::Config::ConformancePack").values()
    assert "DependsOn" not in pack


def test_each_region_of_an_account_has_a_stack_and_one_of_them_the_oidc_provider() -> None:
    values = load_stage("staging").model_dump()
    values |= {
        "region": "eu-west-1",
        "availability_zones": ("eu-west-1a", "eu-west-1b", "eu-west-1c"),
    }
    values["account_wide"]["github_oidc_provider"] = "use"
    account = synthesize_account(load_stage("production"), StageSettings.model_validate(values))
    assert set(account.templates) == {"eu-west-1", "us-east-1"}
    assert account.resources("us-east-1", "AWS::IAM::OIDCProvider")
    assert not account.resources("eu-west-1", "AWS::IAM::OIDCProvider")


# What is not in the templates -----------------------------------------------------------------


def test_no_template_makes_a_service_linked_role(
    account: SynthesizedAccount, stage: SynthesizedStage
) -> None:
    """It fails wherever the role exists: `python3 dev.py service-linked-roles` makes it instead."""
    for template in (*account.templates.values(), *stage.templates.values()):
        assert "AWS::IAM::ServiceLinkedRole" not in resource_types(template)


def test_no_stage_imports_from_the_account_stack(account: SynthesizedAccount) -> None:
    """An export that a stage imports could be neither changed nor removed."""
    assert "Outputs" not in account.templates[REGION]


def test_the_deployer_trusts_the_oidc_provider_by_its_arn(stage: SynthesizedStage) -> None:
    roles = stage.resources("security", "AWS::IAM::Role").values()
    (deployer,) = (
        role["Properties"]
        for role in roles
        if role["Properties"].get("RoleName") == stage.settings.resource_name("deployer")
    )
    (statement,) = deployer["AssumeRolePolicyDocument"]["Statement"]
    provider = "oidc-provider/token.actions.githubusercontent.com"
    assert as_text(statement["Principal"]["Federated"]).endswith(f":iam::{ACCOUNT}:{provider}")


# GuardDuty ------------------------------------------------------------------------------------


def test_the_detector_names_every_feature_because_guardduty_enables_the_others(
    account: SynthesizedAccount,
) -> None:
    schema = registry_schemas().get("AWS::GuardDuty::Detector", REGION)
    assert schema is not None
    known = set(
        schema.document["definitions"]["CFNFeatureConfiguration"]["properties"]["Name"]["enum"]
    )
    detector = account.only(REGION, "AWS::GuardDuty::Detector")
    # GuardDuty refuses both names of Runtime Monitoring in one request.
    assert {feature["Name"] for feature in detector["Features"]} == known - {
        "EKS_RUNTIME_MONITORING"
    }
    assert {feature["Status"] for feature in detector["Features"]} == {"DISABLED"}


def test_the_settings_enable_features_of_the_detector() -> None:
    account = account_with(guardduty_features=("EKS_AUDIT_LOGS", "RDS_LOGIN_EVENTS"))
    features = account.only(REGION, "AWS::GuardDuty::Detector")["Features"]
    enabled = {each["Name"] for each in features if each["Status"] == "ENABLED"}
    assert enabled == {"EKS_AUDIT_LOGS", "RDS_LOGIN_EVENTS"}


# AWS Config -----------------------------------------------------------------------------------


def test_config_evaluates_the_requirements_of_the_design(account: SynthesizedAccount) -> None:
    pack = account.only(REGION, "AWS::Config::ConformancePack")
    for rule in ("RDS_STORAGE_ENCRYPTED", "VPC_FLOW_LOGS_ENABLED", "CLOUD_TRAIL_ENABLED"):
        assert rule in pack["TemplateBody"]


def test_the_delivery_channel_of_config_waits_for_the_policy_of_its_bucket(
    account: SynthesizedAccount,
) -> None:
    """PutDeliveryChannel fails with InsufficientDeliveryPolicyException without the policy."""
    (channel,) = account.resources(REGION, "AWS::Config::DeliveryChannel").values()
    bucket = channel["Properties"]["S3BucketName"]
    policies = account.resources(REGION, "AWS::S3::BucketPolicy")
    (policy,) = [k for k, v in policies.items() if v["Properties"]["Bucket"] == bucket]
    assert policy in channel["DependsOn"]


def test_the_delivery_channel_and_the_recorder_do_not_wait_for_each_other(
    account: SynthesizedAccount,
) -> None:
    """CloudFormation completes each of them only when both exist."""
    ((channel_id, channel),) = account.resources(REGION, "AWS::Config::DeliveryChannel").items()
    ((recorder_id, recorder),) = account.resources(
        REGION, "AWS::Config::ConfigurationRecorder"
    ).items()
    assert recorder_id not in channel["DependsOn"]
    assert channel_id not in recorder.get("DependsOn", [])


def test_the_conformance_pack_waits_for_the_recorder_and_its_channel(
    account: SynthesizedAccount,
) -> None:
    (pack,) = account.resources(REGION, "AWS::Config::ConformancePack").values()
    needed = {
        *account.resources(REGION, "AWS::Config::ConfigurationRecorder"),
        *account.resources(REGION, "AWS::Config::DeliveryChannel"),
    }
    assert needed <= set(pack["DependsOn"])


def test_the_records_outlive_the_stack_of_an_account_with_a_protected_stage() -> None:
    for stages, policy in (
        ((load_stage("production"), load_stage("staging")), "RetainExceptOnCreate"),
        ((load_stage("staging"),), "Delete"),
    ):
        buckets = synthesize_account(*stages).resources(REGION, "AWS::S3::Bucket").values()
        assert {bucket["DeletionPolicy"] for bucket in buckets} == {policy}
