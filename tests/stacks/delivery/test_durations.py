"""How long releases take, and how long a bad version receives traffic (docs/delivery.md)."""

import pytest

from settings import load_stage
from settings.delivery import Strategy
from tests.stacks.delivery.release_times import ReleaseTimes
from tests.stage_variants import with_strategy
from tests.synthesis import synthesize


@pytest.fixture(scope="module")
def rolling() -> ReleaseTimes:
    return ReleaseTimes(synthesize(load_stage("production")))


@pytest.fixture(scope="module")
def two_tracks() -> ReleaseTimes:
    return ReleaseTimes(synthesize(with_strategy("canary", stage="production")))


@pytest.mark.parametrize(
    "strategy, shortest, longest",
    [("rolling", 5, 10), ("blue-green", 10, 15), ("canary", 30, 60)],
)
def test_a_release_takes_as_long_as_the_design_says(
    rolling: ReleaseTimes,
    two_tracks: ReleaseTimes,
    strategy: Strategy,
    shortest: int,
    longest: int,
) -> None:
    """INFRASTRUCTURE.md, Deployment Strategies; the pods are those of Resource Sizing."""
    times = rolling if strategy == "rolling" else two_tracks
    for service, pods in (("backend", 3), ("frontend", 2)):
        duration = times.duration(service, strategy, pods)
        assert shortest <= duration.median and duration.high <= longest


def test_rolling_updates_of_more_than_four_backend_pods_take_longer(rolling: ReleaseTimes) -> None:
    assert rolling.duration("backend", "rolling", 4).median <= 10
    assert rolling.duration("backend", "rolling", 5).median > 10


def test_a_canary_shows_a_bad_version_to_at_most_5_percent_for_5_minutes(
    two_tracks: ReleaseTimes,
) -> None:
    """In 95 of 100 cases. The slowest take a few seconds more, and no more than the first step."""
    first, *_ = two_tracks.services["backend"]["plans"]["canary"]["blue"]
    detection = two_tracks.alarm_detection()
    assert first["share"] <= 5
    assert detection.usually <= 5
    assert detection.high < first["polls"] * 20 / 60


def test_every_bake_is_longer_than_the_detection_of_errors(two_tracks: ReleaseTimes) -> None:
    detection = two_tracks.alarm_detection().usually
    for plans in two_tracks.services["backend"]["plans"].values():
        for steps in plans.values():
            assert all(detection <= step["polls"] * 20 / 60 for step in steps)
