"""The routing of alarms, in simulated failures: which of them page or notify, and when."""

import itertools
import random

import pytest

from tests.simulators.alarm_simulator import StageAlarms
from tests.synthesis import SynthesizedStage

DATABASE_FAILURE = {"database-unavailable", "backend-down", "high-error-rate", "pods-crash-looping"}
"""Readiness probes fail, targets become unhealthy, the load balancer sends 503, and pods may end.
"""
WARNINGS = {"slow-answers", "database-cpu", "database-connections", "pods-unschedulable"}


def pages(alarms: StageAlarms, starts: dict[str, int], *, end: int = 60) -> list[str]:
    """Return the alarms that page.

    Args:
        alarms: The alarms of the stage.
        starts: The minutes at which metric alarms go off.
        end: The minute at which all of them return to OK.
    """
    notifications = alarms.notifications(
        lambda now: {name for name, start in starts.items() if start <= now < end}, end + 30
    )
    return [
        notification.alarm for notification in notifications if notification.topic == "critical"
    ]


def existing(alarms: StageAlarms, names: set[str]) -> list[str]:
    """Return the names of alarms that the stage has."""
    return sorted(name for name in names if name in alarms.metric_alarms)


# Actions


def test_every_metric_alarm_has_an_effect(stage: SynthesizedStage) -> None:
    """It has an action, belongs to a composite alarm with an action, or suppresses others."""
    alarms = StageAlarms(stage)
    with_action = {name for name in alarms.all if alarms.topics(name)}
    members = set().union(
        *(alarms.members(name) for name in with_action & set(alarms.composite_alarms))
    )
    suppressors = {alarms.suppressor(name) for name in alarms.composite_alarms}
    suppressor_members = alarms.members("quiet")
    assert set(alarms.all) == with_action | members | (suppressors - {None}) | suppressor_members


def test_every_warning_can_be_suppressed(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage)
    warnings = [name for name in alarms.all if "warning" in alarms.topics(name)]
    assert len(warnings) > 10
    assert {alarms.suppressor(name) for name in warnings} == {"quiet"}


def test_no_page_waits_for_business_hours(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage)
    paging = [name for name in alarms.all if "critical" in alarms.topics(name)]
    assert {alarms.suppressor(name) for name in paging} <= {None, "outage"}
    assert "outside-business-hours" not in set().union(
        *(alarms.members(name) for name in paging if name in alarms.composite_alarms)
    )


def test_each_alarm_also_notifies_when_it_returns_to_ok(stage: SynthesizedStage) -> None:
    for name, alarm in StageAlarms(stage).all.items():
        assert alarm.get("OKActions") == alarm.get("AlarmActions"), name


# A failure and its consequences


def test_a_database_failure_pages_once_in_any_order_of_its_alarms(stage: SynthesizedStage) -> None:
    """The alarm on crash-looping pods takes ten minutes, so it is never the first."""
    alarms = StageAlarms(stage)
    names = existing(alarms, DATABASE_FAILURE - {"pods-crash-looping"})
    for order in itertools.permutations(names):
        starts = {name: 3 * index for index, name in enumerate(order)}
        if "pods-crash-looping" in alarms.metric_alarms:
            starts["pods-crash-looping"] = 12
        assert pages(alarms, starts) == ["outage"], order


def test_a_database_failure_sends_no_warning(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage)
    starts = dict.fromkeys(existing(alarms, DATABASE_FAILURE), 5) | dict.fromkeys(
        existing(alarms, WARNINGS), 1
    )
    notifications = alarms.notifications(
        lambda now: {name for name, start in starts.items() if start <= now < 60}, 64
    )
    assert [notification.alarm for notification in notifications] == ["outage"]


def test_all_failures_at_once_page_once(stage: SynthesizedStage) -> None:
    """Tries the alarms on outages, replication and pods in a hundred random orders."""
    alarms = StageAlarms(stage)
    suppressed = {
        name
        for name in alarms.metric_alarms
        if name.endswith(("-replication", "-crash-looping"))
        or (name.startswith("cache-") and name.endswith("-unavailable"))
    }
    names = existing(alarms, alarms.members("outage") - {"maintenance-window"} | suppressed)
    generator = random.Random(1)  # noqa: S311  no secret
    for _ in range(100):
        starts = {name: generator.randrange(4) for name in names}
        assert pages(alarms, starts) == ["outage"], starts


def test_two_failures_at_different_times_page_twice(production: SynthesizedStage) -> None:
    notifications = StageAlarms(production).notifications(
        lambda now: {"database-unavailable"} if now < 10 or 30 <= now < 40 else set(), 60
    )
    assert [notification.alarm for notification in notifications] == ["outage", "outage"]


@pytest.mark.parametrize(
    "name", ["database-unavailable", "backend-down", "frontend-down", "high-error-rate"]
)
def test_each_alarm_of_an_outage_pages_immediately(stage: SynthesizedStage, name: str) -> None:
    notifications = StageAlarms(stage).notifications(lambda now: {name} if now >= 2 else set(), 30)
    assert notifications == [(2, "critical", "outage")]


def test_a_lost_redis_node_pages_as_broken_replication(production: SynthesizedStage) -> None:
    assert pages(StageAlarms(production), {"cache-2-unavailable": 0}) == ["replication-broken"]


# The maintenance window


def test_planned_maintenance_does_not_page_in_its_window(production: SynthesizedStage) -> None:
    planned = {"database-unavailable", "cache-1-replication", "maintenance-window"}
    assert StageAlarms(production).notifications(lambda _: planned, 60) == []


def test_a_failure_that_outlasts_the_window_pages_at_its_end(production: SynthesizedStage) -> None:
    failure = {"database-unavailable"}
    notifications = StageAlarms(production).notifications(
        lambda now: failure | ({"maintenance-window"} if now < 30 else set()), 60
    )
    assert notifications == [(30, "critical", "outage")]


@pytest.mark.parametrize("name", ["backend-down", "frontend-down", "high-error-rate"])
def test_an_unavailable_service_pages_in_the_window_where_the_data_stores_have_standbys(
    production: SynthesizedStage, name: str
) -> None:
    notifications = StageAlarms(production).notifications(
        lambda _: {name, "maintenance-window"}, 10
    )
    assert [notification.alarm for notification in notifications] == ["outage"]


def test_an_unavailable_backend_does_not_page_in_the_window_without_standbys(
    staging: SynthesizedStage,
) -> None:
    planned = {"database-unavailable", "backend-down", "high-error-rate", "maintenance-window"}
    assert StageAlarms(staging).notifications(lambda _: planned, 60) == []


# Business hours


def test_a_warning_of_the_night_notifies_in_the_morning_if_it_persists(
    stage: SynthesizedStage,
) -> None:
    night = {"outside-business-hours", "database-storage"}
    notifications = StageAlarms(stage).notifications(
        lambda now: night if now < 60 else {"database-storage"}, 90
    )
    ((minute, topic, name),) = notifications
    assert (topic, name) == ("warning", "database-storage-warning")
    assert 60 <= minute <= 70


def test_a_warning_that_ends_in_the_night_does_not_notify(stage: SynthesizedStage) -> None:
    evening = {"outside-business-hours"}
    notifications = StageAlarms(stage).notifications(
        lambda now: evening | ({"database-cpu"} if 10 <= now < 40 else set()), 60
    )
    assert notifications == []


def test_a_warning_in_the_first_minutes_after_business_hours_waits(
    stage: SynthesizedStage,
) -> None:
    """The suppression schedule follows within its step of five minutes."""
    notifications = StageAlarms(stage).notifications(
        lambda now: {"database-cpu"} | ({"outside-business-hours"} if now >= 4 else set()), 60
    )
    assert notifications == []


def test_one_kind_of_warning_does_not_hide_another(stage: SynthesizedStage) -> None:
    notifications = StageAlarms(stage).notifications(
        lambda now: {"database-cpu"} | ({"database-storage"} if now >= 20 else set()), 60
    )
    assert [notification.alarm for notification in notifications] == [
        "database-cpu-warning",
        "database-storage-warning",
    ]
