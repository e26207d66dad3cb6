"""Reloader: how it restarts pods, and its permissions."""

from tests.stacks.cluster.resources import helm_values
from tests.synthesis import SynthesizedStage


def test_reloader_makes_up_for_changes_that_it_missed_while_it_was_down(
    stage: SynthesizedStage,
) -> None:
    """Only the strategy `env-vars` compares digests, so that an unchanged secret restarts none."""
    values = helm_values(stage, "reloader")["reloader"]
    assert values["reloadStrategy"] == "env-vars"
    assert values["reloadOnCreate"] is True
    assert values["syncAfterRestart"] is True, "works only with reloadOnCreate"


def test_reloader_has_no_iam_role(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    assert not [name for name in roles if name.startswith("ControllersReloader")]
