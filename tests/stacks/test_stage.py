"""The stacks of a stage, and which of them import values of which."""

from tests.synthesis import SynthesizedStage


def test_the_stacks_are_named_after_project_and_stage(stage: SynthesizedStage) -> None:
    assert set(stage.templates) == {
        "security",
        "network",
        "data",
        "cluster",
        "workloads",
        "monitoring",
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
        ("monitoring", "workloads"),
    }


def test_the_data_and_cluster_stacks_can_be_deployed_in_parallel(stage: SynthesizedStage) -> None:
    assert not {("data", "cluster"), ("cluster", "data")} & stage.imports()
