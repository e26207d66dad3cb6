"""The state of a service, as a person reads it in a terminal."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import boto3

from tests.tools.embedded_aws.conftest import REGION
from tests.tools.release.conftest import StubStage
from tools.release.deployed import DeployedService
from tools.release.executions import EnteredState, Execution
from tools.release.metrics import TrackMetrics, read_track_metrics
from tools.release.output import Output
from tools.release.progress import PlannedStep, planned_minutes, progress_of
from tools.release.report import ServiceReport, history_lines, to_text

START = dt.datetime(2026, 11, 25, 10, 15, tzinfo=dt.UTC)
NOW = START + dt.timedelta(minutes=21, seconds=40)
IMAGE = "ghcr.io/owner/spywatcher-backend@sha256:" + "c" * 64
PLAN = [PlannedStep("95-5", 10), PlannedStep("75-25", 8), PlannedStep("0-100", 5)]
RULE = "arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/alb/50dc6c/f2f7dc/9683b2"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/green/73e2d6"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _report(**changes: Any) -> ServiceReport:
    states = [("Survey", 0), ("Move", 4), ("Moved", 4.2), ("Bake", 4.5), ("Bake alarms", 5)]
    states += [("Move", 14.5), ("Moved rule", 14.8), ("Bake", 18.5)]
    entered = [
        EnteredState(number, name, START + dt.timedelta(minutes=minutes))
        for number, (name, minutes) in enumerate(states, start=1)
    ]
    values = {"strategy": "canary", "image": IMAGE, "service": "backend", "from": "blue"}
    release = Execution(
        "arn", "backend-20261125-101500", "RUNNING", START, None, values, {}, "", {}
    )
    service = DeployedService(
        "backend", {"blue": "backend:1.0.0", "green": IMAGE}, "75-25", RULE, {}
    )
    known: dict[str, Any] = {
        "stage": "production",
        "service": service,
        "release": release,
        "returning": None,
        "progress": progress_of(entered, PLAN),
        "minutes": planned_minutes(PLAN),
        "metrics": {"95-5": TrackMetrics(412, 0.0, 180)},
        "alarms": {"backend-green-errors": "OK"},
        "healthy": {"blue": (3, 3), "green": (2, 3)},
    }
    return ServiceReport(**known | changes)


def test_a_running_release_has_a_line_for_each_step() -> None:
    assert to_text(_report(), NOW).splitlines() == [
        "backend   75-25: blue 75 %, green 25 %",
        "  blue      backend:1.0.0",
        "  green     spywatcher-backend@sha256:cccccccccccc",
        "  release   backend-20261125-101500, canary",
        "  image     spywatcher-backend@sha256:cccccccccccc",
        "  time      21:40 of about 29 min",
        "  now       observes the alarms",
        "  95-5      done      412 requests, 0.0 % errors, p95 180 ms",
        "  75-25     baking    3:10 of 8 min",
        "  0-100     waiting",
        "  alarms    quiet",
        "  targets   blue 3 of 3 healthy, green 2 of 3 healthy",
        "  roll back python3 dev.py release rollback backend production --because TEXT",
    ]


def test_an_alarm_that_is_on_is_named() -> None:
    text = to_text(_report(alarms={"backend-green-slow": "ALARM"}), NOW)

    assert "  alarms    in ALARM: backend-green-slow" in text


def test_a_position_without_an_execution_is_reported() -> None:
    assert "Nobody watches this position" in to_text(_report(progress=None, release=None), NOW)


def test_the_reason_of_a_return_is_shown_in_full() -> None:
    reason = "These alarms are in ALARM: spywatcher-production-backend-green-errors"
    ended = Execution(
        *("arn", "backend-20261125-101500", "FAILED", START, NOW, {"strategy": "canary"}, {}),
        *("Returned", {"reason": reason}),
    )

    lines = to_text(_report(progress=None, release=ended), NOW).splitlines()

    assert reason in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80


def test_a_release_by_tag_has_its_tag_in_the_history() -> None:
    values = {"service": "backend", "image": "ghcr.io/owner/spywatcher-backend:1.1.0"}
    release = Execution("arn", "backend-1", "RUNNING", START, None, values, {}, "", {})

    _heading, line = history_lines([(release, release)])

    assert line.split() == ["2026-11-25", "10:15", "backend", "1.1.0", "-", "runs"]


def test_a_terminal_shows_the_last_report_only() -> None:
    terminal = Terminal()
    output = Output(terminal, as_json=False)

    output.report([_report()])
    first = terminal.getvalue()
    output.report([_report(alarms={"a": "ALARM"})])

    lines = len(first.splitlines())
    assert terminal.getvalue()[len(first) :].startswith(f"\x1b[{lines}F\x1b[J")
    assert max(map(len, first.splitlines())) <= 80


def test_a_file_gets_a_report_only_when_something_has_changed() -> None:
    file = io.StringIO()
    output = Output(file, as_json=False)

    output.report([_report()])
    first = file.getvalue()
    output.report([_report()])
    assert file.getvalue() == first

    output.report([_report(alarms={"a": "ALARM"})])
    assert "in ALARM: a" in file.getvalue()[len(first) :]


def test_the_metrics_of_a_track_come_from_its_target_group(stage: StubStage, endpoint: str) -> None:
    client = boto3.client("cloudwatch", endpoint_url=endpoint, region_name=REGION)
    time = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)
    for name, value in (("RequestCount", 200.0), ("HTTPCode_Target_5XX_Count", 3.0)):
        client.put_metric_data(
            Namespace="AWS/ApplicationELB",
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [
                        {"Name": "LoadBalancer", "Value": "app/alb/50dc6c"},
                        {"Name": "TargetGroup", "Value": "targetgroup/green/73e2d6"},
                    ],
                    "Timestamp": time,
                    "Value": value,
                }
            ],
        )
    period = (time - dt.timedelta(minutes=2), time + dt.timedelta(minutes=2))

    found = read_track_metrics(client, RULE, GROUP, *period)

    assert found == TrackMetrics(200, 1.5, 0)
    other = GROUP.replace("green", "blue")
    assert read_track_metrics(client, RULE, other, *period) is None
