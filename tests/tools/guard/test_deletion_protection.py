"""A stage is first deployed without deletion protection, and is protected once it is complete."""

from typing import Any

import pytest

from tests.synthesis import SynthesizedStage, synthesize
from tests.tools.guard.test_production import as_templates
from tools.guard.comparison import compare
from tools.guard.templates import resource_ids
from tools.guard.update import StageUpdate
from tools.templates.schemas import registry_schemas
from tools.templates.text import as_text

AUTO_DELETE = "Custom::S3AutoDeleteObjects"
ONLY_UNPROTECTED = {AUTO_DELETE, "AWS::IAM::Role", "AWS::Lambda::Function"}
"""The custom resource that empties the buckets of a deleted stack, and its function and role."""


@pytest.fixture(scope="module")
def unprotected(production: SynthesizedStage) -> SynthesizedStage:
    """Production, as it is deployed for the first time."""
    return synthesize(production.settings.model_copy(update={"deletion_protection": False}))


@pytest.fixture(scope="module")
def update(unprotected: SynthesizedStage, production: SynthesizedStage) -> StageUpdate:
    return StageUpdate(as_templates(unprotected), as_templates(production), registry_schemas())


def test_the_protection_of_a_stage_replaces_nothing(update: StageUpdate) -> None:
    assert not update.replacements


def test_the_protection_of_a_stage_has_no_finding(
    unprotected: SynthesizedStage, production: SynthesizedStage
) -> None:
    comparison = compare(as_templates(unprotected), as_templates(production), registry_schemas())
    assert not comparison.findings
    assert not comparison.refusals


def test_the_protection_of_a_stage_adds_nothing_and_removes_what_empties_buckets(
    update: StageUpdate,
) -> None:
    before, after = set(resource_ids(update.deployed)), set(resource_ids(update.synthesized))
    assert not after - before
    removed = [update.old_resource(resource_id) for resource_id in before - after]
    assert {resource["Type"] for resource in removed} == ONLY_UNPROTECTED
    assert len([each for each in removed if each["Type"] != AUTO_DELETE]) == 2


def test_the_objects_of_a_bucket_stay_when_the_stage_is_protected(
    unprotected: SynthesizedStage, production: SynthesizedStage
) -> None:
    """The update removes the tag before it deletes the custom resource, which checks the tag.

    The function empties no bucket without the tag (aws-cdk #16756).
    """
    for stage, is_tagged in ((unprotected, True), (production, False)):
        for bucket in stage.resources("security", "AWS::S3::Bucket").values():
            tags = {tag["Key"] for tag in bucket["Properties"]["Tags"]}
            assert ("aws-cdk:auto-delete-objects" in tags) is is_tagged


def test_the_function_may_read_the_tags_without_the_bucket_policy(
    unprotected: SynthesizedStage,
) -> None:
    """The update removes the function's permissions in the bucket policy first (aws-cdk #37257)."""
    (role,) = [
        role["Properties"]
        for logical_id, role in unprotected.resources("security", "AWS::IAM::Role").items()
        if "AutoDeleteObjects" in logical_id
    ]
    statements: list[dict[str, Any]] = [
        statement
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    allowed = {as_text(statement["Resource"]) for statement in statements}
    assert {(each["Effect"], each["Action"]) for each in statements} == {
        ("Allow", "s3:GetBucketTagging")
    }
    buckets = unprotected.resources("security", "AWS::S3::Bucket")
    assert allowed == {f"${{{logical_id}.Arn}}" for logical_id in buckets}
