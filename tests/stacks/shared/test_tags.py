"""INFRASTRUCTURE.md: Tagging Strategy. The resource schemas say which types support tags."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from settings import load_stage
from stacks.shared.tags import ACCOUNT_TAGS, stage_tags
from tests.synthesis import SynthesizedAccount, SynthesizedStage
from tools.templates.schemas import registry_schemas

CUSTOM_RESOURCES = ("Custom::", "AWS::CloudFormation::CustomResource")
"""Types of custom resources, which are calls of functions and have no tags."""


def resources(
    stacks: SynthesizedStage | SynthesizedAccount,
) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack, template in stacks.templates.items():
        for logical_id, resource in template["Resources"].items():
            yield f"{stack}/{logical_id}", resource


def tag_property(resource_type: str, region: str) -> str | None:
    """Return the property for the tags of a type, or None if it supports none."""
    schema = registry_schemas().get(resource_type, region)
    if schema is None:
        assert resource_type.startswith(CUSTOM_RESOURCES), f"{resource_type} is unknown"
        return None
    tagging = schema.document.get("tagging", {})
    name = str(tagging.get("tagProperty", "/properties/Tags")).rpartition("/")[2]
    has_property = name in schema.document["properties"]
    return name if tagging.get("taggable", has_property) and has_property else None


def as_mapping(tags: Any) -> dict[str, str]:
    if isinstance(tags, dict):
        return tags
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def untagged(
    resources: Iterator[tuple[str, dict[str, Any]]], expected: Mapping[str, str], region: str
) -> Iterator[str]:
    """Yield each resource that supports tags and lacks one of these."""
    for path, resource in resources:
        name = tag_property(resource["Type"], region)
        if name is None:
            continue
        tags = as_mapping(resource.get("Properties", {}).get(name))
        if not expected.items() <= tags.items():
            yield f"{path} ({resource['Type']}): {name} is {tags}"


def test_every_resource_that_supports_tags_has_all_four(stage: SynthesizedStage) -> None:
    expected = stage_tags(stage.settings)
    assert list(untagged(resources(stage), expected, stage.settings.region)) == []


def test_every_resource_of_the_account_that_supports_tags_has_all_four(
    account: SynthesizedAccount,
) -> None:
    assert list(untagged(resources(account), ACCOUNT_TAGS, "us-east-1")) == []
    assert ACCOUNT_TAGS.keys() == stage_tags(load_stage("production")).keys()


def test_the_schemas_say_that_most_types_support_tags(stage: SynthesizedStage) -> None:
    """Otherwise the test above could pass without any tags."""
    types = {resource["Type"] for _, resource in resources(stage)}
    region = stage.settings.region
    taggable = {type_ for type_ in types if tag_property(type_, region)}
    assert {"AWS::EC2::VPC", "AWS::EKS::Cluster", "AWS::RDS::DBInstance"} <= taggable
    assert {"AWS::Budgets::Budget", "AWS::Lambda::Function", "AWS::SSM::Parameter"} <= taggable
    assert len(taggable) >= 30


def test_nodes_and_their_volumes_have_all_four(stage: SynthesizedStage) -> None:
    """They get their tags from the launch template, and not from the node group."""
    template = stage.only("cluster", "AWS::EC2::LaunchTemplate")
    wanted = stage_tags(stage.settings).items()
    launched = {
        tagged["ResourceType"]: as_mapping(tagged["Tags"])
        for tagged in template["LaunchTemplateData"]["TagSpecifications"]
    }
    assert set(launched) == {"instance", "volume"}
    (own,) = template["TagSpecifications"]
    for tags in (*launched.values(), as_mapping(own["Tags"])):
        assert wanted <= tags.items()


@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_four_tags_are_those_of_the_design(name: str) -> None:
    assert stage_tags(load_stage(name)) == {
        "Environment": name,
        "Project": "spywatcher",
        "ManagedBy": "cdk",
        "CostCenter": "engineering",
    }
