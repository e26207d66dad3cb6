"""INFRASTRUCTURE.md: Security, AWS WAF with rate limiting."""

from typing import Any

import pytest

from settings import load_stage
from settings.security import FirewallRuleSettings
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text


def rules(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in stage.only("security", "AWS::WAFv2::WebACL")["Rules"]}


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


def test_only_the_paths_for_uploads_accept_large_bodies(
    stage: SynthesizedStage,
) -> None:
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


def test_each_rule_can_count_instead_of_block() -> None:
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
    assert not as_text(destination).endswith(":*")
    groups = stage.resources("security", "AWS::Logs::LogGroup").values()
    assert f"aws-waf-logs-{stage.settings.resource_name()}" in [
        group["Properties"]["LogGroupName"] for group in groups
    ]


def test_the_web_acl_protects_the_load_balancer(stage: SynthesizedStage) -> None:
    association = stage.only("network", "AWS::WAFv2::WebACLAssociation")
    assert "FirewallWebAcl" in str(association["WebACLArn"])
    (load_balancer,) = stage.resources("network", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert association["ResourceArn"] == {"Ref": load_balancer}
