"""Business hours, for every hour of a week: the schedules as EventBridge Scheduler runs them."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from settings import StageSettings, load_stage
from settings.monitoring import BusinessHoursSettings
from stacks.monitoring.alarms.alarm_factory import AlarmFactory
from stacks.monitoring.routing.alarm_routing import AlarmRouting
from tests.simulators.alarm_simulator import Alarms
from tests.synthesis import SynthesizedStage, joined

STEP = dt.timedelta(minutes=5)
SCHEDULE = "AWS::Scheduler::Schedule"
ORDINARY = dt.date(2026, 11, 16)
CHANGES = {
    "Europe/Berlin": (dt.date(2026, 3, 29), dt.date(2026, 10, 25)),
    "America/New_York": (dt.date(2026, 3, 8), dt.date(2026, 11, 1)),
    "Australia/Sydney": (dt.date(2026, 10, 4), dt.date(2026, 4, 5)),
}
"""The Sundays on which clocks go forward and back."""
ODD_HOURS = BusinessHoursSettings(
    time_zone="Asia/Kolkata", days=("sun", "mon", "thu"), start="07:35", end="24:00"
)


def with_hours(hours: BusinessHoursSettings) -> SynthesizedStage:
    """Synthesize the clocks alone, which is faster than a stage."""
    settings = load_stage("staging")
    monitoring = {**settings.monitoring.model_dump(), "business_hours": hours.model_dump()}
    changed = StageSettings.model_validate({**settings.model_dump(), "monitoring": monitoring})
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Clocks")
    topic = sns.Topic(stack, "Topic")
    AlarmRouting(stack, AlarmFactory(stack, changed), critical=topic, warning=topic)
    template = dict(Template.from_stack(stack).to_json())
    return SynthesizedStage(changed, {"monitoring": template})


def numbers(field: str, names: tuple[str, ...] = ()) -> Iterator[int]:
    """Yield the values of a cron field: `0/5`, `0-8,17-23`, `MON,TUE` or `30`."""
    for part in field.split(","):
        if step := re.fullmatch(r"(\d+)/(\d+)", part):
            yield from range(int(step[1]), 60, int(step[2]))
        elif span := re.fullmatch(r"(\d+)-(\d+)", part):
            yield from range(int(span[1]), int(span[2]) + 1)
        else:
            yield names.index(part) if names else int(part)


def written(stage: SynthesizedStage, metric: str) -> dict[tuple[int, int, int], int]:
    """Return what the schedules write at (weekday, hour, minute) of their zone."""
    days = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    values: dict[tuple[int, int, int], int] = {}
    for schedule in schedules(stage, metric):
        data = json.loads(schedule["Target"]["Input"])["MetricData"][0]
        fields = re.fullmatch(r"cron\((\S+) (\S+) \? \* (\S+) \*\)", schedule["ScheduleExpression"])
        assert fields, schedule["ScheduleExpression"]
        for day in numbers(fields[3], days):
            for hour in numbers(fields[2]):
                for minute in numbers(fields[1]):
                    assert (day, hour, minute) not in values, "two schedules at one time"
                    values[day, hour, minute] = data["Value"]
    return values


def schedules(stage: SynthesizedStage, metric: str) -> list[dict[str, Any]]:
    found = [each["Properties"] for each in stage.resources("monitoring", SCHEDULE).values()]
    return [each for each in found if _metric(each) == metric]


def _metric(schedule: dict[str, Any]) -> str | None:
    """Return the metric that a schedule writes; None where it does something else."""
    if not joined(schedule["Target"]["Arn"]).endswith(":aws-sdk:cloudwatch:putMetricData"):
        return None
    return str(json.loads(schedule["Target"]["Input"])["MetricData"][0]["MetricName"])


def suppressed(
    stage: SynthesizedStage, metric: str, monday: dt.date
) -> Iterator[tuple[dt.datetime, bool]]:
    """Yield each step of a week, and whether the alarm is in ALARM: a value over 0, not a gap.

    Scheduler skips a time that does not exist, and runs once where a time comes twice.
    """
    values = written(stage, metric)
    (zone_name,) = {each["ScheduleExpressionTimezone"] for each in schedules(stage, metric)}
    zone = ZoneInfo(zone_name)
    start = dt.datetime.combine(monday, dt.time(), zone).astimezone(dt.UTC)
    for step in range(7 * 24 * 12):
        now = (start + step * STEP).astimezone(zone)
        due = values.get((now.weekday(), now.hour, now.minute))
        yield now, due == 1 and now.fold == 0


def expected(hours: BusinessHoursSettings, now: dt.datetime) -> bool:
    """Return whether nobody reads."""
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[now.weekday()]
    return day not in hours.days or not hours.start <= f"{now:%H:%M}" < hours.end


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", *CHANGES])
def test_warnings_are_held_in_each_hour_of_a_week_that_is_not_of_business(zone: str) -> None:
    hours = BusinessHoursSettings(time_zone=zone)
    week = list(suppressed(with_hours(hours), "OutsideBusinessHours", ORDINARY))
    assert [now for now, quiet in week if quiet != expected(hours, now)] == []
    assert sum(not quiet for _, quiet in week) == 5 * 8 * 12


def test_hours_and_days_of_any_kind_are_kept_to() -> None:
    week = list(suppressed(with_hours(ODD_HOURS), "OutsideBusinessHours", ORDINARY))
    assert [now for now, quiet in week if quiet != expected(ODD_HOURS, now)] == []


@pytest.mark.parametrize(("zone", "days"), CHANGES.items())
def test_hours_stay_the_same_on_the_clock_when_it_changes(
    zone: str, days: tuple[dt.date, dt.date]
) -> None:
    """In the one hour that comes twice, in autumn, nothing is written and warnings are told."""
    hours = BusinessHoursSettings(time_zone=zone)
    stage = with_hours(hours)
    for sunday in days:
        for monday in (sunday - dt.timedelta(days=6), sunday + dt.timedelta(days=1)):
            week = suppressed(stage, "OutsideBusinessHours", monday)
            wrong = [now for now, quiet in week if quiet != expected(hours, now)]
            assert all(now.fold == 1 and now.date() == sunday for now in wrong), wrong
            assert len(wrong) <= 12


def test_in_each_step_of_the_week_exactly_one_value_is_written(stage: SynthesizedStage) -> None:
    for metric in ("OutsideBusinessHours", "MaintenanceWindow"):
        assert len(written(stage, metric)) == 7 * 24 * 12


def test_the_window_is_the_design_s_sundays_from_two_to_four_utc(stage: SynthesizedStage) -> None:
    quiet = [now for now, quiet in suppressed(stage, "MaintenanceWindow", ORDINARY) if quiet]
    assert {
        each["ScheduleExpressionTimezone"] for each in schedules(stage, "MaintenanceWindow")
    } == {"UTC"}
    assert f"{quiet[0]:%a %H:%M}" == "Sun 02:00"
    assert f"{quiet[-1]:%a %H:%M}" == "Sun 03:55"
    assert len(quiet) == 24


def test_if_the_schedules_break_everything_is_told(stage: SynthesizedStage) -> None:
    """Missing data is OK, and only a suppressor in ALARM suppresses."""
    alarms = Alarms(stage)
    for name in ("outside-business-hours", "maintenance-window"):
        assert alarms.metric[name]["TreatMissingData"] == "notBreaching"
        assert alarms.metric[name]["EvaluationPeriods"] == 1


def test_the_alarm_reads_the_metric_that_the_schedules_write(stage: SynthesizedStage) -> None:
    alarms = Alarms(stage)
    for name, metric in (
        ("outside-business-hours", "OutsideBusinessHours"),
        ("maintenance-window", "MaintenanceWindow"),
    ):
        alarm = alarms.metric[name]
        for schedule in schedules(stage, metric):
            assert schedule["Target"]["Arn"].endswith(":aws-sdk:cloudwatch:putMetricData")
            assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
            put = json.loads(schedule["Target"]["Input"])
            assert put["Namespace"] == alarm["Namespace"]
            (data,) = put["MetricData"]
            assert data["MetricName"] == alarm["MetricName"]
            assert data["Dimensions"] == alarm["Dimensions"]
