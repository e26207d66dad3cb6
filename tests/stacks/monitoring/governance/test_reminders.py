"""The reminders of quarterly reviews and of the end of standard support."""

import calendar
import datetime as dt

import pytest

from settings import StageSettings, support
from tests.simulators.cron_simulator import firing_times
from tests.stacks.deployed_schedules import (
    SCHEDULE,
    published_message,
    schedule_expression,
    start_expression,
)
from tests.synthesis import ROOT, SynthesizedStage, synthesize


def test_an_upgrade_is_due_90_days_before_standard_support_ends(stage: SynthesizedStage) -> None:
    kubernetes = stage.settings.cluster.kubernetes_version
    postgresql = stage.settings.database.engine_version.partition(".")[0]
    for name, dates, runbook in (
        ("support-of-kubernetes", support.KUBERNETES[kubernetes], "kubernetes-upgrade"),
        ("support-of-postgresql", support.POSTGRESQL[postgresql], "postgresql-upgrade"),
    ):
        day = dates.standard_until - dt.timedelta(days=90)
        times = firing_times(schedule_expression(stage, name), day.year)
        assert [time.date() for time in times] == [day]
        message = published_message(stage, name)
        assert "Warning" in message["TopicArn"]
        assert str(dates.standard_until) in message["Message"]
        assert f"/docs/runbooks/{runbook}.md" in message["Message"]


def test_no_schedule_fires_only_once(stage: SynthesizedStage) -> None:
    """EventBridge Scheduler would refuse a single time once it is in the past."""
    for stack in stage.templates:
        for schedule in stage.resources(stack, SCHEDULE).values():
            assert schedule["Properties"]["ScheduleExpression"].startswith("cron(")
            assert "StartDate" not in schedule["Properties"]


@pytest.mark.parametrize("name", ["security-audit", "vertical-scaling"])
def test_a_review_is_due_on_a_monday_of_each_quarter(stage: SynthesizedStage, name: str) -> None:
    times = firing_times(schedule_expression(stage, name), 2027)
    assert len(times) == 4
    assert {time.weekday() for time in times} == {calendar.MONDAY}
    assert "Warning" in published_message(stage, name)["TopicArn"]


def test_each_month_has_one_review(stage: SynthesizedStage) -> None:
    months = [
        time.month
        for expression in (
            schedule_expression(stage, "security-audit"),
            schedule_expression(stage, "vertical-scaling"),
            start_expression(stage, "monitoring", "access-review"),
        )
        for time in firing_times(expression, 2027)
    ]
    assert sorted(months) == list(range(1, 13))


def test_the_upgrade_runbooks_have_the_support_dates_of_the_settings() -> None:
    checked_on = dt.date(2026, 11, 23)
    for runbook, versions in (
        ("kubernetes-upgrade", support.KUBERNETES),
        ("postgresql-upgrade", support.POSTGRESQL),
    ):
        text = (ROOT / f"docs/runbooks/{runbook}.md").read_text()
        for version, dates in versions.items():
            if dates.extended_until >= checked_on:
                row = f"| {version} | {dates.standard_until} | {dates.extended_until} |"
                assert row in text


def test_a_retired_version_has_no_reminder(staging: SynthesizedStage) -> None:
    """`allow_retired_versions` accepts the versions of the design, whose dates are unknown."""
    values = staging.settings.model_dump()
    values["allow_retired_versions"] = True
    values["database"]["engine_version"] = "14"
    stage = synthesize(StageSettings.model_validate(values))
    names = [
        schedule["Properties"].get("Name", "")
        for schedule in stage.resources("monitoring", SCHEDULE).values()
    ]
    assert not [name for name in names if name.endswith("support-of-postgresql")]
