"""The stacks of a stage, and which of them import values of which."""

from typing import Any

from settings import load_stage
from tests.synthesis import SynthesizedStage, synthesize


def test_the_stacks_are_named_after_project_and_stage(stage: SynthesizedStage) -> None:
    assert set(stage.templates) == {
        "security",
        "network",
        "data",
        "cluster",
        "workloads",
        "monitoring",
        "delivery",
    }


def test_each_stack_imports_values_of_earlier_stacks_only(stage: SynthesizedStage) -> None:
    assert stage.imports() == {
        ("network", "security"),
        ("data", "security"),
        ("data", "network"),
        ("cluster", "security"),
        ("cluster", "network"),
        ("workloads", "network"),
        ("workloads", "data"),
        ("workloads", "cluster"),
        ("monitoring", "security"),
        ("monitoring", "network"),
        ("monitoring", "data"),
        ("monitoring", "cluster"),
        ("delivery", "security"),
        ("delivery", "monitoring"),
    }


def test_the_data_and_cluster_stacks_can_be_deployed_in_parallel(stage: SynthesizedStage) -> None:
    assert not {("data", "cluster"), ("cluster", "data")} & stage.imports()


GLOBAL_NAMES = {
    "AWS::Budgets::Budget": "Budget/BudgetName",
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::S3::Bucket": "BucketName",
}
"""The types whose names are unique in an account or in all accounts, and the property. A
multi-Region trail takes its name in every Region (AWS CloudTrail User Guide)."""


def test_a_stage_with_another_name_in_another_region_shares_no_global_name() -> None:
    """docs/runbooks/lost-region.md: the stacks of the lost Region still have their names."""
    lost = synthesize(load_stage("production"))
    settings = lost.settings.model_copy(
        update={
            "stage": "production-west",
            "region": "us-west-2",
            "availability_zones": ("us-west-2a", "us-west-2b", "us-west-2c"),
        }
    )
    names = global_names(lost)
    assert {"spywatcher-production-admin", "spywatcher-production-trail"} <= names
    assert not names & global_names(synthesize(settings))


def global_names(stage: SynthesizedStage) -> set[str]:
    found = set()
    for stack in stage.templates:
        for kind, path in GLOBAL_NAMES.items():
            for resource in stage.resources(stack, kind).values():
                name: Any = resource.get("Properties", {})
                for key in path.split("/"):
                    name = name.get(key, {})
                if isinstance(name, str):
                    found.add(name)
    return found
