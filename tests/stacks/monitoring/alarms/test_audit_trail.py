"""INFRASTRUCTURE.md: Access Audit. What CloudTrail records sets off an alarm, or does not.

The events are cut down from the examples of the AWS CloudTrail user guide ("CloudTrail record
contents", "AWS Management Console sign-in events", "Logging IAM and AWS STS API calls").
"""

from typing import Any

import pytest

from tests.simulators.filter_pattern_simulator import matches
from tests.synthesis import ACCOUNT, SynthesizedStage, joined

Event = dict[str, Any]
ROOT_USER = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}
ALICE = {"type": "IAMUser", "userName": "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}


def role(name: str, **more: str) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": name}},
        **more,
    }


CDK = role(
    f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-us-east-1", invokedBy="cloudformation.amazonaws.com"
)


def call(service: str, name: str, who: dict[str, Any], **more: Any) -> Event:
    return {
        "eventType": "AwsApiCall",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "userIdentity": who,
        **more,
    }


def sign_in(who: dict[str, Any], *, mfa: str, outcome: str = "Success") -> Event:
    return {
        **call("signin", "ConsoleLogin", who),
        "eventType": "AwsConsoleSignIn",
        "awsRegion": "eu-west-1",
        "responseElements": {"ConsoleLogin": outcome},
        "additionalEventData": {"MFAUsed": mfa, "MobileVersion": "No"},
    }


ALARMING = {
    "root calls an API": ("root-use", call("iam", "CreateAccessKey", ROOT_USER)),
    "root signs in": ("root-use", sign_in(ROOT_USER, mfa="Yes")),
    "root signs in without a second factor": (
        "sign-in-without-mfa",
        sign_in(ROOT_USER, mfa="No"),
    ),
    "a user signs in without a second factor": ("sign-in-without-mfa", sign_in(ALICE, mfa="No")),
    "a user attaches a policy": ("policy-change", call("iam", "AttachRolePolicy", ALICE)),
    "a user writes an inline policy": ("policy-change", call("iam", "PutUserPolicy", ALICE)),
    "a role changes who may assume one": (
        "policy-change",
        call("iam", "UpdateAssumeRolePolicy", role("spywatcher-production-admin")),
    ),
    "a user makes a policy's other version the default": (
        "policy-change",
        call("iam", "SetDefaultPolicyVersion", ALICE),
    ),
    "a role takes a boundary off": (
        "policy-change",
        call("iam", "DeleteRolePermissionsBoundary", role("somebody")),
    ),
    "a user stops the trail": ("trail-change", call("cloudtrail", "StopLogging", ALICE)),
    "a role deletes the trail": ("trail-change", call("cloudtrail", "DeleteTrail", role("x"))),
    "a role narrows what is recorded": (
        "trail-change",
        call("cloudtrail", "PutEventSelectors", role("x")),
    ),
    "a user schedules a key's deletion": ("key-loss", call("kms", "ScheduleKeyDeletion", ALICE)),
    "even a deployment disables a key": ("key-loss", call("kms", "DisableKey", CDK)),
}
HARMLESS = {
    "AWS acts for root": call("health", "DescribeEvents", {**ROOT_USER, "invokedBy": "health"}),
    "a service's own event": {
        **call("kms", "RotateKey", ROOT_USER),
        "eventType": "AwsServiceEvent",
    },
    "a user signs in with a second factor": sign_in(ALICE, mfa="Yes"),
    "a sign-in fails": sign_in(ALICE, mfa="No", outcome="Failure"),
    "a sign-in through Identity Center, which asks itself": sign_in(
        role("AWSReservedSSO"), mfa="No"
    ),
    "a deployment attaches a policy": call("iam", "AttachRolePolicy", CDK),
    "a deployment changes the trail": call("cloudtrail", "UpdateTrail", CDK),
    "a user reads a policy": call("iam", "GetRolePolicy", ALICE),
    "another service's policy": call("s3", "PutRolePolicy", ALICE),
    "a role reads the trail's state": call("cloudtrail", "GetTrailStatus", role("x")),
    "a role uses a key": call("kms", "Decrypt", role("x")),
}


def patterns(stage: SynthesizedStage) -> list[tuple[str, str]]:
    """Return (metric, pattern) of each filter."""
    return [
        (each["MetricTransformations"][0]["MetricName"], each["FilterPattern"])
        for each in filters(stage)
    ]


def filters(stage: SynthesizedStage) -> list[dict[str, Any]]:
    """Return the filters of this construct; the application's logs have filters of their own."""
    found = stage.resources("monitoring", "AWS::Logs::MetricFilter")
    return [each["Properties"] for name, each in found.items() if name.startswith("AuditAlarms")]


def counted(stage: SynthesizedStage, event: Event) -> set[str]:
    return {metric for metric, pattern in patterns(stage) if matches(pattern, event)}


@pytest.mark.parametrize("case", ALARMING)
def test_it_is_counted(production: SynthesizedStage, case: str) -> None:
    metric, event = ALARMING[case]
    assert metric in counted(production, event)


@pytest.mark.parametrize("case", HARMLESS)
def test_it_is_not_counted(production: SynthesizedStage, case: str) -> None:
    assert not counted(production, HARMLESS[case])


def test_every_metric_is_set_off_by_an_example(production: SynthesizedStage) -> None:
    assert {metric for metric, _ in ALARMING.values()} == {m for m, _ in patterns(production)}


def test_one_such_event_pages_somebody(production: SynthesizedStage) -> None:
    alarms = {
        each["Properties"]["MetricName"]: each["Properties"]
        for each in production.resources("monitoring", "AWS::CloudWatch::Alarm").values()
        if each["Properties"].get("Namespace") == "spywatcher-production/audit"
    }
    assert set(alarms) == {metric for metric, _ in patterns(production)}
    for alarm in alarms.values():
        assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Statistic"]) == (1, 1, "Sum")
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "Critical" in joined(alarm["AlarmActions"][0])


def test_the_filters_read_the_trail_of_all_regions(production: SynthesizedStage) -> None:
    trail = production.only("security", "AWS::CloudTrail::Trail")
    assert trail["IsMultiRegionTrail"] and trail["IncludeGlobalServiceEvents"]
    group = trail["CloudWatchLogsLogGroupArn"]["Fn::GetAtt"][0]
    for each in filters(production):
        assert group in joined(each["LogGroupName"])


def test_a_pattern_is_not_longer_than_cloudwatch_takes(production: SynthesizedStage) -> None:
    assert all(len(pattern) <= 1024 for _, pattern in patterns(production))


def test_an_account_has_the_alarms_once(staging: SynthesizedStage) -> None:
    assert not patterns(staging)
