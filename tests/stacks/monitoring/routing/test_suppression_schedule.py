"""The suppression schedules, simulated for every five minutes of a week."""

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
from stacks.monitoring.routing.alarm_routing import AlarmRouting
from stacks.shared.alarm_factory import AlarmFactory
from tests.simulators.alarm_simulator import StageAlarms
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

STEP = dt.timedelta(minutes=5)
STEPS_PER_HOUR = 12
STEPS_PER_WEEK = 7 * 24 * STEPS_PER_HOUR
SCHEDULE = "AWS::Scheduler::Schedule"
METRICS = {
    "outside-business-hours": "OutsideBusinessHours",
    "maintenance-window": "MaintenanceWindow",
}
"""The metric of each alarm."""
ORDINARY_MONDAY = dt.date(2026, 11, 16)
CLOCK_CHANGES = {
    "Europe/Berlin": (dt.date(2026, 3, 29), dt.date(2026, 10, 25)),
    "America/New_York": (dt.date(2026, 3, 8), dt.date(2026, 11, 1)),
    "Australia/Sydney": (dt.date(2026, 10, 4), dt.date(2026, 4, 5)),
}
"""The Sundays on which daylight saving time starts and ends."""
UNUSUAL_HOURS = BusinessHoursSettings(
    time_zone="Asia/Kolkata", days=("sun", "mon", "thu"), start="07:35", end="24:00"
)


def synthesize_schedules(hours: BusinessHoursSettings) -> SynthesizedStage:
    """Synthesize only the alarm routing, which is faster than a stage."""
    settings = load_stage("staging")
    monitoring = {**settings.monitoring.model_dump(), "business_hours": hours.model_dump()}
    changed = StageSettings.model_validate({**settings.model_dump(), "monitoring": monitoring})
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Schedules")
    topic = sns.Topic(stack, "Topic")
    AlarmRouting(stack, AlarmFactory(stack, changed), critical=topic, warning=topic)
    template = dict(Template.from_stack(stack).to_json())
    return SynthesizedStage(changed, {"monitoring": template})


def field_values(field: str, names: tuple[str, ...] = ()) -> Iterator[int]:
    """Yield the values of a cron field: `0/5`, `0-8,17-23`, `MON,TUE` or `30`."""
    for part in field.split(","):
        if step := re.fullmatch(r"(\d+)/(\d+)", part):
            yield from range(int(step[1]), 60, int(step[2]))
        elif span := re.fullmatch(r"(\d+)-(\d+)", part):
            yield from range(int(span[1]), int(span[2]) + 1)
        else:
            yield names.index(part) if names else int(part)


def written_values(stage: SynthesizedStage, metric: str) -> dict[tuple[int, int, int], int]:
    """Return the values of a metric by (weekday, hour, minute) in the schedules' time zone."""
    weekdays = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    values: dict[tuple[int, int, int], int] = {}
    for schedule in schedules(stage, metric):
        datum = json.loads(schedule["Target"]["Input"])["MetricData"][0]
        fields = re.fullmatch(r"cron\((\S+) (\S+) \? \* (\S+) \*\)", schedule["ScheduleExpression"])
        assert fields, schedule["ScheduleExpression"]
        for day in field_values(fields[3], weekdays):
            for hour in field_values(fields[2]):
                for minute in field_values(fields[1]):
                    assert (day, hour, minute) not in values, "two schedules at one time"
                    values[day, hour, minute] = datum["Value"]
    return values


def schedules(stage: SynthesizedStage, metric: str) -> list[dict[str, Any]]:
    """Return the schedules that write a metric."""
    resources = stage.resources("monitoring", SCHEDULE).values()
    return [
        resource["Properties"]
        for resource in resources
        if written_metric(resource["Properties"]) == metric
    ]


def written_metric(schedule: dict[str, Any]) -> str | None:
    """Return the metric that a schedule writes, or None if it has another target."""
    if not as_text(schedule["Target"]["Arn"]).endswith(":aws-sdk:cloudwatch:putMetricData"):
        return None
    return str(json.loads(schedule["Target"]["Input"])["MetricData"][0]["MetricName"])


def alarm_states(
    stage: SynthesizedStage, metric: str, monday: dt.date
) -> Iterator[tuple[dt.datetime, bool]]:
    """Yield each step of a week, and whether the alarm is in ALARM then.

    EventBridge Scheduler skips a time that does not exist, and runs once at a time that occurs
    twice. Missing data does not breach.
    """
    values = written_values(stage, metric)
    (zone_name,) = {schedule["ScheduleExpressionTimezone"] for schedule in schedules(stage, metric)}
    zone = ZoneInfo(zone_name)
    start = dt.datetime.combine(monday, dt.time(), zone).astimezone(dt.UTC)
    for step in range(STEPS_PER_WEEK):
        now = (start + step * STEP).astimezone(zone)
        value = values.get((now.weekday(), now.hour, now.minute))
        yield now, value == 1 and now.fold == 0


def is_outside(hours: BusinessHoursSettings, now: dt.datetime) -> bool:
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[now.weekday()]
    return day not in hours.days or not hours.start <= f"{now:%H:%M}" < hours.end


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", *CLOCK_CHANGES])
def test_warnings_are_suppressed_at_all_times_outside_business_hours(zone: str) -> None:
    hours = BusinessHoursSettings(time_zone=zone)
    week = list(alarm_states(synthesize_schedules(hours), "OutsideBusinessHours", ORDINARY_MONDAY))
    assert [now for now, in_alarm in week if in_alarm != is_outside(hours, now)] == []
    assert sum(not in_alarm for _, in_alarm in week) == 5 * 8 * STEPS_PER_HOUR


def test_business_hours_can_have_any_days_and_times() -> None:
    stage = synthesize_schedules(UNUSUAL_HOURS)
    week = alarm_states(stage, "OutsideBusinessHours", ORDINARY_MONDAY)
    assert [now for now, in_alarm in week if in_alarm != is_outside(UNUSUAL_HOURS, now)] == []


@pytest.mark.parametrize(("zone", "days"), CLOCK_CHANGES.items())
def test_business_hours_follow_daylight_saving_time(
    zone: str, days: tuple[dt.date, dt.date]
) -> None:
    """In the hour that occurs twice, nothing is written and so nothing is suppressed."""
    hours = BusinessHoursSettings(time_zone=zone)
    stage = synthesize_schedules(hours)
    for sunday in days:
        for monday in (sunday - dt.timedelta(days=6), sunday + dt.timedelta(days=1)):
            week = alarm_states(stage, "OutsideBusinessHours", monday)
            wrong = [now for now, in_alarm in week if in_alarm != is_outside(hours, now)]
            assert all(now.fold == 1 and now.date() == sunday for now in wrong), wrong
            assert len(wrong) <= STEPS_PER_HOUR


def test_the_schedules_write_one_value_in_each_step_of_the_week(stage: SynthesizedStage) -> None:
    for metric in METRICS.values():
        assert len(written_values(stage, metric)) == STEPS_PER_WEEK


def test_the_maintenance_window_is_sunday_from_two_to_four_utc(stage: SynthesizedStage) -> None:
    week = alarm_states(stage, "MaintenanceWindow", ORDINARY_MONDAY)
    window = [now for now, in_alarm in week if in_alarm]
    assert {
        schedule["ScheduleExpressionTimezone"] for schedule in schedules(stage, "MaintenanceWindow")
    } == {"UTC"}
    assert f"{window[0]:%a %H:%M}" == "Sun 02:00"
    assert f"{window[-1]:%a %H:%M}" == "Sun 03:55"
    assert len(window) == 2 * STEPS_PER_HOUR


def test_nothing_is_suppressed_if_the_schedules_fail(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage).metric_alarms
    for name in METRICS:
        assert alarms[name]["TreatMissingData"] == "notBreaching"
        assert alarms[name]["EvaluationPeriods"] == 1


def test_the_alarm_reads_the_metric_that_the_schedules_write(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage).metric_alarms
    for name, metric in METRICS.items():
        alarm = alarms[name]
        for schedule in schedules(stage, metric):
            assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
            request = json.loads(schedule["Target"]["Input"])
            assert request["Namespace"] == alarm["Namespace"]
            (datum,) = request["MetricData"]
            assert datum["MetricName"] == alarm["MetricName"]
            assert datum["Dimensions"] == alarm["Dimensions"]
