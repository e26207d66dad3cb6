"""A failure and what follows from it are one page, in whatever order alarms go off."""

import itertools
import random

import pytest

from tests.simulators.alarm_simulator import Alarms
from tests.synthesis import SynthesizedStage

DATABASE_FAILS = {"database-unavailable", "backend-down", "high-error-rate", "pods-crash-looping"}
"""Readiness fails, targets become unhealthy, the load balancer answers 503, pods may end."""
WARNINGS = {"slow-answers", "database-cpu", "database-connections", "pods-unschedulable"}


def pages(alarms: Alarms, went_off: dict[str, int], *, ends: int = 60) -> list[str]:
    """Return what pages when these go off at these minutes, and all are well at the end."""
    told = alarms.told(
        lambda now: {name for name, start in went_off.items() if start <= now < ends}, ends + 30
    )
    return [name for _, topic, name in told if topic == "critical"]


def present(alarms: Alarms, names: set[str]) -> list[str]:
    return sorted(name for name in names if name in alarms.metric)


def test_a_failing_database_pages_once_in_any_order(stage: SynthesizedStage) -> None:
    """Crash-looping takes ten minutes to be called so: it does not come first."""
    alarms = Alarms(stage)
    users = present(alarms, DATABASE_FAILS - {"pods-crash-looping"})
    for order in itertools.permutations(users):
        went_off = {name: 3 * index for index, name in enumerate(order)}
        if "pods-crash-looping" in alarms.metric:
            went_off["pods-crash-looping"] = 12
        assert pages(alarms, went_off) == ["outage"], order


def test_of_a_failing_database_nobody_is_warned_besides(stage: SynthesizedStage) -> None:
    alarms = Alarms(stage)
    went_off = dict.fromkeys(present(alarms, DATABASE_FAILS), 5) | dict.fromkeys(
        present(alarms, WARNINGS), 1
    )
    told = alarms.told(lambda now: {n for n, start in went_off.items() if start <= now < 60}, 64)
    assert [name for _, _, name in told] == ["outage"]


def test_everything_at_once_pages_once(stage: SynthesizedStage) -> None:
    """All alarms of the outage, the copies and the pods, in a hundred random orders."""
    alarms = Alarms(stage)
    behind = {
        name for name in alarms.metric if name.endswith(("-replication", "-crash-looping"))
    } | {name for name in alarms.metric if name.startswith("cache-") and "unavail" in name}
    at_once = present(alarms, alarms.members("outage") - {"maintenance-window"} | behind)
    chance = random.Random(1)  # noqa: S311  no secret
    for _ in range(100):
        went_off = {name: chance.randrange(4) for name in at_once}
        assert pages(alarms, went_off) == ["outage"], went_off


def test_two_failures_apart_in_time_are_two_pages(production: SynthesizedStage) -> None:
    alarms = Alarms(production)
    told = alarms.told(
        lambda now: {"database-unavailable"} if now < 10 or 30 <= now < 40 else set(), 60
    )
    assert [name for _, _, name in told] == ["outage", "outage"]


@pytest.mark.parametrize(
    "alone", ["database-unavailable", "backend-down", "frontend-down", "high-error-rate"]
)
def test_each_of_them_alone_pages_at_once(stage: SynthesizedStage, alone: str) -> None:
    told = Alarms(stage).told(lambda now: {alone} if now >= 2 else set(), 30)
    assert told == [(2, "critical", "outage")]


def test_a_lost_node_of_redis_pages_as_broken_replication(production: SynthesizedStage) -> None:
    assert pages(Alarms(production), {"cache-2-unavailable": 0}) == ["replication-broken"]


def test_planned_work_does_not_page_in_the_window(production: SynthesizedStage) -> None:
    alarms = Alarms(production)
    planned = {"database-unavailable", "cache-1-replication", "maintenance-window"}
    assert alarms.told(lambda _: planned, 60) == []


def test_what_planned_work_left_broken_pages_when_the_window_ends(
    production: SynthesizedStage,
) -> None:
    broken = {"database-unavailable"}
    told = Alarms(production).told(
        lambda now: broken | ({"maintenance-window"} if now < 30 else set()), 60
    )
    assert told == [(30, "critical", "outage")]


def test_users_without_the_site_page_in_the_window_too(production: SynthesizedStage) -> None:
    """Production has standbys: planned work does not take the site away."""
    for name in ("backend-down", "frontend-down", "high-error-rate"):
        told = Alarms(production).told(lambda _, n=name: {n, "maintenance-window"}, 10)  # type: ignore[misc]
        assert [alarm for _, _, alarm in told] == ["outage"], name


def test_without_a_standby_planned_work_may_take_the_backend_away(
    staging: SynthesizedStage,
) -> None:
    planned = {"database-unavailable", "backend-down", "high-error-rate", "maintenance-window"}
    assert Alarms(staging).told(lambda _: planned, 60) == []


def test_a_warning_at_night_is_told_in_the_morning_if_it_still_stands(
    stage: SynthesizedStage,
) -> None:
    night = {"outside-business-hours", "database-storage"}
    told = Alarms(stage).told(lambda now: night if now < 60 else night & {"database-storage"}, 90)
    ((minute, topic, name),) = told
    assert (topic, name) == ("warning", "database-storage-warning")
    assert 60 <= minute <= 70


def test_a_warning_that_passed_in_the_night_is_never_told(stage: SynthesizedStage) -> None:
    evening = {"outside-business-hours"}
    told = Alarms(stage).told(
        lambda now: evening | ({"database-cpu"} if 10 <= now < 40 else set()), 60
    )
    assert told == []


def test_a_warning_of_the_evening_s_first_minutes_is_held(stage: SynthesizedStage) -> None:
    """The clock goes off within its step of five minutes."""
    told = Alarms(stage).told(
        lambda now: {"database-cpu"} | ({"outside-business-hours"} if now >= 4 else set()), 60
    )
    assert told == []


def test_one_warning_does_not_hide_another_kind(stage: SynthesizedStage) -> None:
    told = Alarms(stage).told(
        lambda now: {"database-cpu"} | ({"database-storage"} if now >= 20 else set()), 60
    )
    assert [name for _, _, name in told] == ["database-cpu-warning", "database-storage-warning"]
