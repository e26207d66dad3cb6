"""The output of `cdk diff` for a stack."""

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import Mutation, comparison, first, write_assembly
from tools.review.cdk_diff import CdkDiff, cdk_diff
from tools.review.errors import ReviewError
from tools.templates.assembly import read_stage

POLICIES = {
    ("security", "AWS::KMS::Key", "KeyPolicy"): "OpenKey",
    ("security", "AWS::S3::BucketPolicy", "PolicyDocument"): "OpenBucket",
    ("network", "AWS::EC2::VPCEndpoint", "PolicyDocument"): "OpenEndpoint",
    ("monitoring", "AWS::SNS::TopicPolicy", "PolicyDocument"): "OpenTopic",
    ("data", "AWS::SecretsManager::ResourcePolicy", "ResourcePolicy"): "OpenSecret",
}
"""A logical id by the stack, the type and the property of a resource that has a policy."""


def open_to_all(action: str) -> dict[str, Any]:
    """Return a policy that permits an action to everyone."""
    statement = {"Effect": "Allow", "Action": action, "Principal": {"AWS": "*"}, "Resource": "*"}
    return {"Statement": [statement]}


def diff_of(stage: SynthesizedStage, name: str, mutate: Mutation, folder: Path) -> CdkDiff:
    result = comparison(stage, mutate, folder / "cdk.out")
    (stack,) = (each for each in result.stacks if each.name.endswith(f"-{name}"))
    return cdk_diff(stack, stage.templates[name], result.assembly)


def test_less_access_is_not_broader(production: SynthesizedStage, tmp_path: Path) -> None:
    def narrower(templates: mutations.Templates) -> None:
        policy = first(templates["security"], "AWS::IAM::Policy")["Properties"]["PolicyDocument"]
        del policy["Statement"][0]

    diff = diff_of(production, "security", narrower, tmp_path)
    assert not diff.broadens_access
    assert "IAM Statement Changes" in diff.permissions
    assert "(NOTE" not in diff.permissions + diff.differences
    assert "IAM Statement Changes" not in diff.differences


@pytest.fixture(scope="module")
def opened_policies(
    production: SynthesizedStage, tmp_path_factory: pytest.TempPathFactory
) -> CdkDiff:
    """Return the output for one stack with the resources of POLICIES, each of which opens to all.

    The action of a policy is the resource's logical id, by which its row of the table is found.
    """
    resources = {
        name: first(production.templates[stack], resource_type)
        for (stack, resource_type, _), name in POLICIES.items()
    }
    after = copy.deepcopy(resources)
    for (_, _, policy), name in POLICIES.items():
        after[name]["Properties"][policy] = open_to_all(f"{name}:*")
    templates = {"all": {"Resources": after}}
    assembly = write_assembly(tmp_path_factory.mktemp("policies") / "cdk.out", "one", templates)
    (stack,) = read_stage(assembly, "one")
    return cdk_diff(stack, {"Resources": resources}, assembly)


@pytest.mark.parametrize("name", POLICIES.values())
def test_the_tables_have_the_policies_of_resources(opened_policies: CdkDiff, name: str) -> None:
    assert opened_policies.broadens_access
    rows = re.split("^[├└]", opened_policies.permissions, flags=re.MULTILINE)
    (row,) = (row for row in rows if f"{name}:*" in row)
    assert "│ + │" in row
    assert "AWS:*" in row


def test_a_failure_of_the_cdk_cli_is_one_message(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    result = comparison(production, mutations.nothing, tmp_path / "cdk.out")
    unknown = replace(result.stacks[0], construct_path="production/nowhere")
    with pytest.raises(ReviewError, match=r"cdk diff production/nowhere failed:\n.*nowhere"):
        cdk_diff(unknown, {}, result.assembly)


def test_a_missing_cdk_cli_is_one_message(
    production: SynthesizedStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = comparison(production, mutations.nothing, tmp_path / "cdk.out")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReviewError, match="there is no cdk; it is installed by"):
        cdk_diff(result.stacks[0], {}, result.assembly)
