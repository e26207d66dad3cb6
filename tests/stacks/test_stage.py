"""A stage: its stacks, what they read of each other, and what all of them share."""

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


def test_each_stack_reads_only_what_the_architecture_lets_it_read(stage: SynthesizedStage) -> None:
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


def test_data_and_cluster_are_deployed_side_by_side(stage: SynthesizedStage) -> None:
    assert not {("data", "cluster"), ("cluster", "data")} & stage.imports()
