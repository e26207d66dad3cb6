"""INFRASTRUCTURE.md, Access Audit: the metric filters, applied to examples of CloudTrail events.

The events are shortened examples of the AWS CloudTrail user guide: "CloudTrail record contents",
"AWS Management Console sign-in events" and "Logging IAM and AWS STS API calls".
"""

from typing import Any

import pytest

from tests.simulators.filter_pattern_simulator import matches
from tests.synthesis import ACCOUNT, SynthesizedStage
from tools.templates.text import as_text

Event = dict[str, Any]
ROOT_USER = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}
ALICE = {"type": "IAMUser", "userName": "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}


def role(name: str, **fields: str) -> dict[str, Any]:
    """Return the identity of a session of an IAM role."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": name}},
        **fields,
    }


CDK = role(
    f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-us-east-1", invokedBy="cloudformation.amazonaws.com"
)


def call(service: str, name: str, identity: dict[str, Any], **fields: Any) -> Event:
    """Return the event of an API call."""
    return {
        "eventType": "AwsApiCall",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "userIdentity": identity,
        **fields,
    }


def sign_in(identity: dict[str, Any], *, mfa: str, outcome: str = "Success") -> Event:
    """Return the event of a sign-in to the console."""
    return {
        **call("signin", "ConsoleLogin", identity),
        "eventType": "AwsConsoleSignIn",
        "awsRegion": "eu-west-1",
        "responseElements": {"ConsoleLogin": outcome},
        "additionalEventData": {"MFAUsed": mfa, "MobileVersion": "No"},
    }


SUSPICIOUS = {
    "root calls an API": ("root-use", call("iam", "CreateAccessKey", ROOT_USER)),
    "root signs in": ("root-use", sign_in(ROOT_USER, mfa="Yes")),
    "root signs in without MFA": (
        "sign-in-without-mfa",
        sign_in(ROOT_USER, mfa="No"),
    ),
    "a user signs in without MFA": ("sign-in-without-mfa", sign_in(ALICE, mfa="No")),
    "a user attaches a policy": ("policy-change", call("iam", "AttachRolePolicy", ALICE)),
    "a user writes an inline policy": ("policy-change", call("iam", "PutUserPolicy", ALICE)),
    "a role changes a trust policy": (
        "policy-change",
        call("iam", "UpdateAssumeRolePolicy", role("spywatcher-production-admin")),
    ),
    "a user changes the default version of a policy": (
        "policy-change",
        call("iam", "SetDefaultPolicyVersion", ALICE),
    ),
    "a role deletes a permissions boundary": (
        "policy-change",
        call("iam", "DeleteRolePermissionsBoundary", role("somebody")),
    ),
    "a user stops the trail": ("trail-change", call("cloudtrail", "StopLogging", ALICE)),
    "a role deletes the trail": ("trail-change", call("cloudtrail", "DeleteTrail", role("x"))),
    "a role changes the event selectors": (
        "trail-change",
        call("cloudtrail", "PutEventSelectors", role("x")),
    ),
    "a user schedules a key's deletion": ("key-loss", call("kms", "ScheduleKeyDeletion", ALICE)),
    "a deployment disables a key": ("key-loss", call("kms", "DisableKey", CDK)),
}
HARMLESS = {
    "AWS acts on behalf of root": call(
        "health", "DescribeEvents", {**ROOT_USER, "invokedBy": "health"}
    ),
    "a service's own event": {
        **call("kms", "RotateKey", ROOT_USER),
        "eventType": "AwsServiceEvent",
    },
    "a user signs in with MFA": sign_in(ALICE, mfa="Yes"),
    "a sign-in fails": sign_in(ALICE, mfa="No", outcome="Failure"),
    "a sign-in through Identity Center, which has its own MFA": sign_in(
        role("AWSReservedSSO"), mfa="No"
    ),
    "a deployment attaches a policy": call("iam", "AttachRolePolicy", CDK),
    "a deployment changes the trail": call("cloudtrail", "UpdateTrail", CDK),
    "a user reads a policy": call("iam", "GetRolePolicy", ALICE),
    "a policy of another service": call("s3", "PutRolePolicy", ALICE),
    "a role reads the trail's state": call("cloudtrail", "GetTrailStatus", role("x")),
    "a role uses a key": call("kms", "Decrypt", role("x")),
}


def patterns(stage: SynthesizedStage) -> list[tuple[str, str]]:
    """Return the metric and the pattern of each filter."""
    return [
        (properties["MetricTransformations"][0]["MetricName"], properties["FilterPattern"])
        for properties in metric_filters(stage)
    ]


def metric_filters(stage: SynthesizedStage) -> list[dict[str, Any]]:
    """Return the properties of the metric filters on the trail's log group."""
    resources = stage.resources("monitoring", "AWS::Logs::MetricFilter")
    return [
        resource["Properties"]
        for logical_id, resource in resources.items()
        if logical_id.startswith("AuditAlarms")
    ]


def matching_metrics(stage: SynthesizedStage, event: Event) -> set[str]:
    return {metric for metric, pattern in patterns(stage) if matches(pattern, event)}


@pytest.mark.parametrize("case", SUSPICIOUS)
def test_a_suspicious_event_is_counted(production: SynthesizedStage, case: str) -> None:
    metric, event = SUSPICIOUS[case]
    assert metric in matching_metrics(production, event)


@pytest.mark.parametrize("case", HARMLESS)
def test_a_harmless_event_is_not_counted(production: SynthesizedStage, case: str) -> None:
    assert not matching_metrics(production, HARMLESS[case])


def test_every_metric_has_an_example(production: SynthesizedStage) -> None:
    assert {metric for metric, _ in SUSPICIOUS.values()} == {
        metric for metric, _ in patterns(production)
    }


def test_one_suspicious_event_pages(production: SynthesizedStage) -> None:
    alarms = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]
        for alarm in production.resources("monitoring", "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == "spywatcher-production/audit"
    }
    assert set(alarms) == {metric for metric, _ in patterns(production)}
    for alarm in alarms.values():
        assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Statistic"]) == (1, 1, "Sum")
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "Critical" in as_text(alarm["AlarmActions"][0])


def test_the_filters_read_the_trail_of_all_regions(production: SynthesizedStage) -> None:
    trail = production.only("security", "AWS::CloudTrail::Trail")
    assert trail["IsMultiRegionTrail"] and trail["IncludeGlobalServiceEvents"]
    log_group = trail["CloudWatchLogsLogGroupArn"]["Fn::GetAtt"][0]
    for properties in metric_filters(production):
        assert log_group in as_text(properties["LogGroupName"])


def test_the_patterns_are_within_the_limit_of_cloudwatch_logs(production: SynthesizedStage) -> None:
    assert all(len(pattern) <= 1024 for _, pattern in patterns(production))


def test_only_the_owner_of_the_account_has_the_alarms(staging: SynthesizedStage) -> None:
    assert not patterns(staging)
