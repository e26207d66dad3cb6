"""Deployments that would remove the track that receives the traffic."""

from typing import Any

import pytest

from settings import load_stage
from tests.stage_variants import with_strategy
from tests.synthesis import ACCOUNT, SynthesizedStage, synthesize
from tools.guard.comparison import Comparison, compare
from tools.guard.templates import StackTemplate, Templates
from tools.templates.schemas import registry_schemas

STACK = "spywatcher-staging-workloads"


def templates(stage: SynthesizedStage, **parameters: str) -> Templates:
    prefix, region = stage.settings.resource_name(), stage.settings.region
    return {
        f"{prefix}-{name}": StackTemplate(
            f"{prefix}-{name}",
            region,
            ACCOUNT,
            template,
            defaults(template) | parameters if name == "workloads" else defaults(template),
        )
        for name, template in stage.templates.items()
    }


def defaults(template: dict[str, Any]) -> dict[str, str]:
    return {name: str(p["Default"]) for name, p in template.get("Parameters", {}).items()}


def deploy(old: SynthesizedStage, new: SynthesizedStage, **parameters: str) -> Comparison:
    return compare(templates(old, **parameters), templates(new, **parameters), registry_schemas())


@pytest.fixture(scope="module")
def rolling() -> SynthesizedStage:
    return synthesize(load_stage("staging"))


@pytest.fixture(scope="module")
def canary() -> SynthesizedStage:
    return synthesize(with_strategy("canary"))


def test_two_tracks_replace_and_remove_nothing(
    rolling: SynthesizedStage, canary: SynthesizedStage
) -> None:
    comparison = deploy(rolling, canary)
    assert (comparison.findings, comparison.refusals) == ([], [])


def test_one_track_again_is_one_deployment_from_blue(
    rolling: SynthesizedStage, canary: SynthesizedStage
) -> None:
    """No export is in use. The header of the probes goes, which docs/delivery.md allows."""
    comparison = deploy(canary, rolling, BackendTraffic="blue", FrontendTraffic="blue")
    assert comparison.refusals == []
    (finding,) = comparison.findings
    assert finding.logical_id.startswith("TrafficProbeSecret")


@pytest.mark.parametrize("position", ["green", "100-0", "75-25", "0-100"])
def test_one_track_again_is_refused_while_green_runs(
    rolling: SynthesizedStage, canary: SynthesizedStage, position: str
) -> None:
    (refusal,) = deploy(canary, rolling, BackendTraffic=position).refusals
    assert str(refusal).splitlines()[0] == (
        f"{STACK}/BackendTraffic cannot be deployed: requests would reach no pod"
    )
    assert "python3 dev.py release start backend staging" in str(refusal)


def test_other_steps_are_refused_in_the_middle_of_a_release(canary: SynthesizedStage) -> None:
    steps = synthesize(with_strategy("canary", steps=(10, 50)))
    (refusal,) = deploy(canary, steps, BackendTraffic="75-25").refusals
    assert "must be one of AllowedValues: blue, 100-0, 90-10" in refusal.error
    assert deploy(canary, steps, BackendTraffic="100-0").refusals == []
