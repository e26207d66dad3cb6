"""The alarms on a service with two tracks."""

from typing import Any

import pytest

from tests.stage_variants import with_strategy
from tests.synthesis import SynthesizedStage, synthesize


@pytest.fixture(scope="module")
def two_tracks() -> SynthesizedStage:
    return synthesize(with_strategy("canary", "backend", stage="production"))


def alarm(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    (properties,) = (
        resource["Properties"]
        for resource in stage.resources("monitoring", "AWS::CloudWatch::Alarm").values()
        if resource["Properties"]["AlarmName"] == stage.settings.resource_name(name)
    )
    return dict(properties)


@pytest.mark.parametrize("name", ["backend-down", "backend-at-maximum"])
def test_an_alarm_on_pods_sums_both_tracks(two_tracks: SynthesizedStage, name: str) -> None:
    """A track that does not run reports nothing, and the pods of the other one count."""
    metrics = alarm(two_tracks, name)["Metrics"]
    (expression,) = (m["Expression"] for m in metrics if "Expression" in m)
    assert expression == "FILL(blue, 0) + FILL(green, 0)"
    assert len(metrics) == 3


def test_a_service_with_one_track_has_an_alarm_on_one_metric(two_tracks: SynthesizedStage) -> None:
    assert alarm(two_tracks, "frontend-down")["MetricName"] == "HealthyHostCount"


def test_monitoring_locks_no_target_group(two_tracks: SynthesizedStage) -> None:
    """A stage returns to one track in one deployment, which removes green's target group."""
    assert ("monitoring", "workloads") not in two_tracks.imports()
    assert ("delivery", "workloads") not in two_tracks.imports()
