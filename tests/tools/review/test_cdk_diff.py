"""The output of `cdk diff` for a stack."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import Mutation, comparison, first
from tools.review.cdk_diff import CdkDiff, cdk_diff
from tools.review.errors import ReviewError

POLICY: dict[str, Any] = {
    "Statement": [
        {"Action": "s3:*", "Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"},
    ]
}


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


@pytest.mark.parametrize(
    ("stack", "resource_type", "name"),
    [
        ("security", "AWS::KMS::Key", "KeyPolicy"),
        ("security", "AWS::S3::BucketPolicy", "PolicyDocument"),
        ("network", "AWS::EC2::VPCEndpoint", "PolicyDocument"),
        ("monitoring", "AWS::SNS::TopicPolicy", "PolicyDocument"),
        ("data", "AWS::SecretsManager::ResourcePolicy", "ResourcePolicy"),
    ],
)
def test_the_tables_have_the_policies_of_resources(
    production: SynthesizedStage, tmp_path: Path, stack: str, resource_type: str, name: str
) -> None:
    def open_to_all(templates: mutations.Templates) -> None:
        first(templates[stack], resource_type)["Properties"][name] = POLICY

    diff = diff_of(production, stack, open_to_all, tmp_path)
    assert diff.broadens_access
    assert "AWS:*" in diff.permissions


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
