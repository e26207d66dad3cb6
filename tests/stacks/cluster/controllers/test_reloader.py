"""Reloader: how it restarts pods, and its permissions."""

from tests.stacks.cluster.resources import helm_values
from tests.synthesis import SynthesizedStage


def test_a_later_deployment_keeps_the_restart_annotation(stage: SynthesizedStage) -> None:
    """`kubectl apply` keeps an annotation that no manifest contained."""
    assert helm_values(stage, "reloader")["reloader"]["reloadStrategy"] == "annotations"


def test_reloader_has_no_iam_role(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    assert not [name for name in roles if name.startswith("ControllersReloader")]
