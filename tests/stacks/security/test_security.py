"""INFRASTRUCTURE.md: Security, Data Security, Access Audit. test_roles.py has Access Control."""

from typing import Any

import pytest

from settings import load_stage
from settings.security import FirewallRuleSettings
from tests.synthesis import ACCOUNT, SynthesizedStage, joined, synthesize


def rules(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in stage.only("security", "AWS::WAFv2::WebACL")["Rules"]}


# Encryption at rest (KMS) -------------------------------------------------------------------


def test_every_purpose_has_a_key_of_its_own_that_rotates(stage: SynthesizedStage) -> None:
    keys = stage.resources("security", "AWS::KMS::Key").values()
    assert all(key["Properties"]["EnableKeyRotation"] is True for key in keys)
    aliases = stage.resources("security", "AWS::KMS::Alias").values()
    prefix = f"alias/{stage.settings.resource_name()}-"
    assert {a["Properties"]["AliasName"].removeprefix(prefix) for a in aliases} == {
        *("database", "cache", "secrets", "cluster", "volumes", "logs", "audit", "topics"),
    }


def test_a_key_policy_names_services_and_this_account_only(stage: SynthesizedStage) -> None:
    roles = stage.resources("security", "AWS::IAM::Role")
    own = {f"arn:aws:iam::{ACCOUNT}:root", *(f"${{{name}.Arn}}" for name in roles)}
    for key in stage.resources("security", "AWS::KMS::Key").values():
        for statement in key["Properties"]["KeyPolicy"]["Statement"]:
            principal = statement["Principal"]
            assert principal != "*"
            if "AWS" in principal:
                assert joined(principal["AWS"]) in own, "another account"
            elif principal != {"Service": "events.amazonaws.com"}:
                # EventBridge takes no condition where it publishes to an encrypted topic.
                assert statement["Condition"], "a service without a condition acts for anyone"


def test_a_protected_stage_keeps_its_keys(production: SynthesizedStage) -> None:
    for key in production.resources("security", "AWS::KMS::Key").values():
        assert key["DeletionPolicy"] == "RetainExceptOnCreate"
        assert key["UpdateReplacePolicy"] == "Retain"


# WAF: Web Application Firewall with rate limiting -------------------------------------------


def test_an_address_may_send_2000_requests_in_5_minutes(stage: SynthesizedStage) -> None:
    rule = rules(stage)["RateLimitPerAddress"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert (limit["Limit"], limit["EvaluationWindowSec"]) == (2000, 300)
    assert limit["AggregateKeyType"] == "IP"
    assert rule["Action"] == {"Block": {}}


@pytest.mark.parametrize(
    "group",
    [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    ],
)
def test_the_managed_rule_group_blocks(stage: SynthesizedStage, group: str) -> None:
    assert rules(stage)[group]["OverrideAction"] == {"None": {}}


def test_uploads_of_10_mb_pass_while_other_large_bodies_do_not(stage: SynthesizedStage) -> None:
    common = rules(stage)["AWSManagedRulesCommonRuleSet"]["Statement"]
    assert common["ManagedRuleGroupStatement"]["RuleActionOverrides"] == [
        {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    ]
    own = rules(stage)["OversizedBody"]
    assert own["Priority"] > rules(stage)["AWSManagedRulesCommonRuleSet"]["Priority"]
    labelled, not_allowed = own["Statement"]["AndStatement"]["Statements"]
    assert labelled["LabelMatchStatement"]["Key"].endswith(":SizeRestrictions_Body")
    paths = not_allowed["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    assert [p["ByteMatchStatement"]["SearchString"] for p in paths] == ["/api/", "/socket.io/"]


def test_each_rule_can_be_counted_instead_of_blocking() -> None:
    counting = FirewallRuleSettings(**dict.fromkeys(FirewallRuleSettings.model_fields, "count"))
    settings = load_stage("staging")
    firewall = settings.firewall.model_copy(update={"rules": counting})
    stage = synthesize(settings.model_copy(update={"firewall": firewall}))
    for rule in rules(stage).values():
        assert rule.get("Action", rule.get("OverrideAction")) == {"Count": {}}, rule["Name"]


def test_the_firewall_log_redacts_cookies_and_authorization(stage: SynthesizedStage) -> None:
    logging = stage.only("security", "AWS::WAFv2::LoggingConfiguration")
    redacted = [field["SingleHeader"]["Name"] for field in logging["RedactedFields"]]
    assert sorted(redacted) == ["authorization", "cookie"]
    (destination,) = logging["LogDestinationConfigs"]
    assert not joined(destination).endswith(":*")
    groups = stage.resources("security", "AWS::Logs::LogGroup").values()
    assert f"aws-waf-logs-{stage.settings.resource_name()}" in [
        group["Properties"]["LogGroupName"] for group in groups
    ]


def test_the_firewall_stands_before_the_load_balancer(stage: SynthesizedStage) -> None:
    association = stage.only("network", "AWS::WAFv2::WebACLAssociation")
    assert "FirewallWebAcl" in str(association["WebACLArn"])
    (load_balancer,) = stage.resources("network", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert association["ResourceArn"] == {"Ref": load_balancer}


# CloudTrail enabled, audit logging enabled --------------------------------------------------


def test_the_trail_covers_all_regions_and_proves_its_files(stage: SynthesizedStage) -> None:
    trail = stage.only("security", "AWS::CloudTrail::Trail")
    assert trail["IsLogging"] and trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"] and trail["EnableLogFileValidation"]
    assert trail["KMSKeyId"] and trail["CloudWatchLogsLogGroupArn"]


def test_no_bucket_is_public_unencrypted_unversioned_or_read_without_tls(
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


def test_the_trails_files_are_kept_a_year_and_survive_the_stack(
    production: SynthesizedStage,
) -> None:
    buckets = production.resources("security", "AWS::S3::Bucket")
    (audit,) = [b for name, b in buckets.items() if name.startswith("AuditBucket")]
    assert audit["DeletionPolicy"] == "RetainExceptOnCreate"
    (lifecycle,) = audit["Properties"]["LifecycleConfiguration"]["Rules"]
    assert lifecycle["ExpirationInDays"] == 365
    assert audit["Properties"]["LoggingConfiguration"]["DestinationBucketName"]


# What an account has once -------------------------------------------------------------------

ONCE = (
    "AWS::IAM::OIDCProvider",
    "AWS::AccessAnalyzer::Analyzer",
    "AWS::GuardDuty::Detector",
    "AWS::Config::ConfigurationRecorder",
)


@pytest.mark.parametrize("resource_type", ONCE)
def test_an_account_has_it_once(
    production: SynthesizedStage, staging: SynthesizedStage, resource_type: str
) -> None:
    assert len(production.resources("security", resource_type)) == 1
    assert len(staging.resources("security", resource_type)) == 0


def test_config_watches_what_the_design_promises(production: SynthesizedStage) -> None:
    pack = production.only("security", "AWS::Config::ConformancePack")
    for promise in ("RDS_STORAGE_ENCRYPTED", "VPC_FLOW_LOGS_ENABLED", "CLOUD_TRAIL_ENABLED"):
        assert promise in pack["TemplateBody"]


# Secrets Manager: secure credential storage -------------------------------------------------


def test_the_signing_key_is_generated_and_long_enough_for_two(stage: SynthesizedStage) -> None:
    secret = stage.only("security", "AWS::SecretsManager::Secret")
    assert secret["Name"] == f"{stage.settings.resource_name()}/backend/application"
    generated = secret["GenerateSecretString"]
    assert generated["GenerateStringKey"] == "SIGNING_KEY"
    assert generated["PasswordLength"] == 128
    assert secret["KmsKeyId"]


def test_no_template_holds_a_secret(stage: SynthesizedStage) -> None:
    """A secret appears by reference alone: generated, or resolved while deploying."""
    for template in stage.templates.values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            assert "SecretString" not in properties
            for key in ("AuthToken", "MasterUserPassword"):
                if key in properties:
                    assert joined(properties[key]).startswith("{{resolve:secretsmanager:")
