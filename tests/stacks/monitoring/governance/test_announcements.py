"""INFRASTRUCTURE.md, Planned Maintenance: "Notification: 7 days advance notice"."""

import calendar
import datetime as dt

import pytest

from settings import StageSettings
from tests.simulators.cron_simulator import firing_times
from tests.stacks.deployed_schedules import (
    published_message,
    schedule_expression,
    start_expression,
)
from tests.synthesis import SynthesizedStage, synthesize

WEEK = dt.timedelta(days=7)
YEARS = (2027, 2028)


def announcement_times(stage: SynthesizedStage, name: str) -> list[dt.datetime]:
    expression = schedule_expression(stage, name)
    return [time for year in YEARS for time in firing_times(expression, year)]


def test_node_patches_are_announced_exactly_seven_days_ahead(stage: SynthesizedStage) -> None:
    expression = start_expression(stage, "cluster", "node-patches")
    patch_times = [time for year in YEARS for time in firing_times(expression, year)]
    announced = [time + WEEK for time in announcement_times(stage, "announce-node-patches")]
    assert announced == patch_times


def test_kubernetes_upgrades_are_announced_exactly_seven_days_ahead_of_their_window(
    stage: SynthesizedStage,
) -> None:
    windows = [time + WEEK for time in announcement_times(stage, "announce-kubernetes-upgrade")]
    assert {(time.weekday(), time.hour) for time in windows} == {(calendar.SUNDAY, 2)}
    assert [time.month for time in windows] == [1, 5, 9] * len(YEARS)


def test_node_patches_and_kubernetes_upgrades_have_different_windows(
    stage: SynthesizedStage,
) -> None:
    windows = {time + WEEK for time in announcement_times(stage, "announce-kubernetes-upgrade")}
    expression = start_expression(stage, "cluster", "node-patches")
    assert not windows & {time for year in YEARS for time in firing_times(expression, year)}


def test_announcements_follow_a_changed_window(staging: SynthesizedStage) -> None:
    values = staging.settings.model_dump()
    window = {
        "weekly_window": "sat:22:30-sun:00:00",
        "node_patch_week": 3,
        "kubernetes_upgrade_week": 2,
    }
    changed = synthesize(
        StageSettings.model_validate({**values, "maintenance": {**values["maintenance"], **window}})
    )
    assert schedule_expression(changed, "announce-node-patches") == "cron(30 22 ? * SAT#2 *)"
    assert start_expression(changed, "cluster", "node-patches") == "cron(30 22 ? * SAT#3 *)"
    assert start_expression(changed, "monitoring", "patches-by-aws") == "cron(30 22 ? * SAT *)"


@pytest.mark.parametrize("name", ["announce-node-patches", "announce-kubernetes-upgrade"])
def test_an_announcement_states_the_time_the_work_and_its_impact(
    stage: SynthesizedStage, name: str
) -> None:
    arguments = published_message(stage, name)
    assert "Announcements" in arguments["TopicArn"]
    assert arguments["Subject"] == f"{stage.settings.resource_name()}: maintenance in 7 days"
    text = arguments["Message"]
    assert text.startswith("In 7 days, Sunday 02:00 to Sunday 04:00 UTC: ")
    assert "No interruption is expected" in text
    assert text.endswith("Sent <aws.scheduler.scheduled-time>.")
