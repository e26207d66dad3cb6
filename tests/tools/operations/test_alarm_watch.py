"""The watch after a deployment: which alarms end it, and what it prints."""

from collections.abc import Iterator
from typing import Any

import pytest

from settings import load_stage
from tests.synthesis import ROOT, SynthesizedStage
from tools.operations.__main__ import main
from tools.operations.alarm_watch import AlarmWatch, create_watch
from tools.operations.errors import OperationError

SETTINGS = load_stage("staging")
CRITICAL = "arn:aws:sns:us-east-1:111111111111:spywatcher-staging-critical"
WARNING = "arn:aws:sns:us-east-1:111111111111:spywatcher-staging-warning"
DESCRIPTION = "Users are affected.\n\nRunbook: https://example.com/alarms.md#outage"


def alarm(state: str, name: str = "spywatcher-staging-outage", topic: str = CRITICAL) -> Any:
    return {
        "AlarmName": name,
        "StateValue": state,
        "StateReason": "2 of 2 datapoints",
        "AlarmActions": [topic],
        "AlarmDescription": DESCRIPTION,
    }


class CloudWatch:
    """Returns other alarms at each look."""

    def __init__(self, *looks: list[Any]) -> None:
        self.looks = list(looks)

    def get_paginator(self, name: str) -> "CloudWatch":
        assert name == "describe_alarms"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        assert request["AlarmNamePrefix"] == "spywatcher-staging-"
        assert set(request["AlarmTypes"]) == {"CompositeAlarm", "MetricAlarm"}
        alarms = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        yield {"CompositeAlarms": alarms[:1], "MetricAlarms": []}
        yield {"MetricAlarms": alarms[1:]}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which move the time forward instead of taking it."""
    pauses: list[float] = []
    monkeypatch.setattr("tools.operations.alarm_watch.time.monotonic", lambda: sum(pauses))
    return pauses


def watch(clock: list[float], *looks: list[Any], minutes: float = 1) -> str:
    return AlarmWatch(CloudWatch(*looks), SETTINGS).watch(minutes, clock.append)


def test_quiet_alarms_pass_after_the_time(clock: list[float]) -> None:
    states = [alarm("OK"), alarm("INSUFFICIENT_DATA", "spywatcher-staging-backup-missing")]
    assert watch(clock, states) == ("staging: none of the 2 critical alarms went off in 1 min.")
    assert sum(clock) == 60


def test_a_critical_alarm_that_goes_off_fails_at_once_with_its_runbook(clock: list[float]) -> None:
    with pytest.raises(OperationError) as failure:
        watch(clock, [alarm("OK")], [alarm("OK")], [alarm("ALARM")], minutes=10)
    assert str(failure.value) == (
        f"spywatcher-staging-outage went off: 2 of 2 datapoints\n{DESCRIPTION}"
    )
    assert sum(clock) == 40


def test_it_names_the_alarms_before_it_waits(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    watch(clock, [alarm("OK")])
    assert capsys.readouterr().out == (
        "Watching 1 critical alarms of staging for 1 min: spywatcher-staging-outage\n"
    )


def test_an_alarm_on_a_later_page_counts(clock: list[float]) -> None:
    late = "spywatcher-staging-certificate-expiring"
    with pytest.raises(OperationError, match=f"{late} went off"):
        watch(clock, [alarm("OK"), alarm("OK", late)], [alarm("OK"), alarm("ALARM", late)])


def test_an_alarm_that_was_off_before_does_not_count_but_is_named(clock: list[float]) -> None:
    assert watch(clock, [alarm("ALARM")]).endswith(
        "In ALARM since before: spywatcher-staging-outage."
    )


@pytest.mark.parametrize("topic", [WARNING, CRITICAL.replace("staging", "staging-eu")])
def test_an_alarm_of_another_topic_does_not_count(clock: list[float], topic: str) -> None:
    other = "spywatcher-staging-eu-outage"
    looks = [[alarm("OK"), alarm(state, other, topic)] for state in ("OK", "ALARM")]
    assert "none of the 1 critical alarms" in watch(clock, *looks)


def test_a_stage_without_critical_alarms_is_refused(clock: list[float]) -> None:
    with pytest.raises(OperationError, match="found no alarm that notifies the topic ending in"):
        watch(clock, [alarm("OK", topic=WARNING)])


def test_the_watched_alarms_are_those_of_the_templates(staging: SynthesizedStage) -> None:
    """The name of the topic, and a description with a runbook, are what the watch relies on."""
    topics = staging.resources("monitoring", "AWS::SNS::Topic")
    (critical,) = (
        logical_id
        for logical_id, topic in topics.items()
        if topic["Properties"]["TopicName"] == CRITICAL.rpartition(":")[2]
    )
    paging = [
        resource["Properties"]
        for resource_type in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for resource in staging.resources("monitoring", resource_type).values()
        if {"Ref": critical} in resource["Properties"].get("AlarmActions", ())
    ]
    assert len(paging) >= 3
    assert all(each["AlarmName"].startswith("spywatcher-staging-") for each in paging)
    assert all("\nRunbook: https://" in each["AlarmDescription"] for each in paging)


class Session:
    """Simulates a boto3 session whose caller may assume the lookup role of account 111111111111."""

    def __init__(self) -> None:
        self.assumed: list[str] = []
        self.options: dict[str, str] = {}

    def client(self, service: str, **options: str) -> Any:
        self.options = options
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111111111111", "Arn": "arn:aws:sts::111111111111:assumed-role/x/y"}

    def assume_role(self, **request: str) -> dict[str, Any]:
        self.assumed.append(request["RoleArn"])
        keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(keys, "of-the-role")}


def test_it_reads_with_the_lookup_role() -> None:
    session: Any = Session()
    create_watch(session, SETTINGS, ROOT)
    role = "role/cdk-hnb659fds-lookup-role-111111111111-us-east-1"
    assert session.assumed == [f"arn:aws:iam::111111111111:{role}"]
    assert set(session.options.values()) == {"of-the-role"}


def test_credentials_for_another_account_are_refused() -> None:
    session: Any = Session()
    settings = SETTINGS.model_copy(update={"account": "222222222222"})
    with pytest.raises(OperationError, match="account: found 222222222222; your credentials are"):
        create_watch(session, settings, ROOT)


@pytest.mark.parametrize("minutes", ["0", "-1", "56", "ten", "1.5"])
def test_other_numbers_of_minutes_are_refused(
    minutes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["watch", "staging", f"--minutes={minutes}"])
    assert f"found '{minutes}'; allowed: 1 to 55 minutes" in capsys.readouterr().err
