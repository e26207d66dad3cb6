"""INFRASTRUCTURE.md: Data Security, encryption at rest (KMS)."""

from tests.synthesis import ACCOUNT, SynthesizedStage
from tools.templates.text import as_text


def test_each_kind_of_data_has_its_own_key_that_rotates(stage: SynthesizedStage) -> None:
    keys = stage.resources("security", "AWS::KMS::Key").values()
    assert all(key["Properties"]["EnableKeyRotation"] is True for key in keys)
    aliases = stage.resources("security", "AWS::KMS::Alias").values()
    prefix = f"alias/{stage.settings.resource_name()}-"
    assert {a["Properties"]["AliasName"].removeprefix(prefix) for a in aliases} == {
        *("database", "cache", "secrets", "cluster", "volumes", "logs", "audit", "topics"),
    }


def test_key_policies_allow_only_services_and_this_account(stage: SynthesizedStage) -> None:
    roles = stage.resources("security", "AWS::IAM::Role")
    own = {f"arn:aws:iam::{ACCOUNT}:root", *(f"${{{name}.Arn}}" for name in roles)}
    for key in stage.resources("security", "AWS::KMS::Key").values():
        for statement in key["Properties"]["KeyPolicy"]["Statement"]:
            principal = statement["Principal"]
            assert principal != "*"
            if principal == {"AWS": "*"}:
                assert statement["Condition"]["StringEquals"]["kms:CallerAccount"] == ACCOUNT
            elif "AWS" in principal:
                assert as_text(principal["AWS"]) in own, "another account"
            elif principal != {"Service": "events.amazonaws.com"}:
                # EventBridge supports no conditions for encrypted topics.
                assert statement["Condition"], "without a condition, a service acts for any account"


def test_ec2_auto_scaling_can_use_the_key_of_the_nodes_volumes(stage: SynthesizedStage) -> None:
    """Its service-linked role has no IAM policy for the key, to which `root` would delegate.

    "kms:CallerAccount" (AWS KMS condition keys) shows the two conditions in the policy of aws/ebs.
    """
    statements = [
        statement
        for key in stage.resources("security", "AWS::KMS::Key").values()
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        if statement.get("Sid") in ("UseThroughEc2", "AttachThroughEc2")
    ]
    assert len(statements) == 2
    for statement in statements:
        assert statement["Principal"] == {"AWS": "*"}
        assert statement["Condition"]["StringEquals"] == {
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": f"ec2.{stage.settings.region}.amazonaws.com",
        }


def test_a_protected_stage_retains_its_keys(production: SynthesizedStage) -> None:
    for key in production.resources("security", "AWS::KMS::Key").values():
        assert key["DeletionPolicy"] == "RetainExceptOnCreate"
        assert key["UpdateReplacePolicy"] == "Retain"
