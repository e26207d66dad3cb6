"""Administrators may make each API call of preflight, and the policy allows nothing else."""

import fnmatch
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from settings import StageSettings
from tests.stacks.permissions import CLOUDSHELL, permissions, preflight_permissions
from tests.synthesis import SynthesizedStage, synthesize
from tests.tools.operations.simulated_account import (
    SimulatedAccount,
    SimulatedInternet,
    refuse,
    stage_settings,
)
from tools.operations.preflight.api_calls import ApiCall
from tools.operations.preflight.command import run_checks
from tools.operations.preflight.row import Status

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
MONITOR = "arn:aws:ce::111122223333:anomalymonitor/12345678-1234-1234-1234-123456789012"
RESOURCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "acm:DescribeCertificate": lambda call: call["CertificateArn"].split(":")[-1],
    "ce:GetAnomalyMonitors": lambda call: call["MonitorArnList"][0].split(":")[-1],
    "cloudformation:DescribeStackResources": lambda call: f"stack/{call['StackName']}/its-id",
    "cloudformation:DescribeStacks": lambda call: f"stack/{call['StackName']}/its-id",
    "iam:GetOpenIDConnectProvider": lambda call: call["OpenIDConnectProviderArn"].split(":")[-1],
    "iam:GetRole": lambda call: f"role/aws-service-role/service/{call['RoleName']}",
    "route53:GetHostedZone": lambda call: f"hostedzone/{call['Id']}",
    "route53:ListResourceRecordSets": lambda call: f"hostedzone/{call['HostedZoneId']}",
    "secretsmanager:GetSecretValue": lambda call: f"secret:{call['SecretId']}-AbCdEf",
    "ssm:GetParameter": lambda call: f"parameter{call['Name']}",
}
"""The last part of the ARN that a call is authorized for; `*` for the other actions."""
WITHOUT_PERMISSION = "sts:GetCallerIdentity"
"""STS answers every caller ("GetCallerIdentity", AWS STS API Reference)."""


@pytest.fixture(params=["nothing exists", "certificate and monitor exist"])
def settings(request: pytest.FixtureRequest) -> StageSettings:
    chosen = stage_settings()
    if request.param == "nothing exists":
        return chosen
    domain = chosen.domain.model_copy(update={"certificate_arn": CERTIFICATE})
    account_wide = chosen.account_wide.model_copy(
        update={"anomaly_monitor": "use", "anomaly_monitor_arn": MONITOR}
    )
    return chosen.model_copy(update={"domain": domain, "account_wide": account_wide})


@pytest.fixture
def stage(settings: StageSettings) -> SynthesizedStage:
    return synthesize(settings)


@pytest.fixture
def calls(settings: StageSettings, internet: SimulatedInternet) -> list[ApiCall]:
    """Every call of preflight, also those that an answer of the account leads to."""
    account = SimulatedAccount(settings)
    account.answers["acm:DescribeCertificate"] = {
        "Certificate": {"DomainName": settings.domain.name, "Status": "ISSUED"}
    }
    account.answers["ce:GetAnomalyMonitors"] = {"AnomalyMonitors": [{"MonitorArn": MONITOR}]}
    assert {row.status for row in run_checks(account.session, settings)} == {Status.OK}
    account.answers["servicequotas:GetServiceQuota"] = refuse("NoSuchResourceException")
    account.answers["servicequotas:GetAWSDefaultServiceQuota"] = {"Quota": {"Value": 64.0}}
    assert {row.status for row in run_checks(account.session, settings)} == {Status.OK}
    return [call for call in account.calls if call.action != WITHOUT_PERMISSION]


def resource(call: ApiCall) -> str:
    return RESOURCES[call.action](call.parameters) if call.action in RESOURCES else "*"


def test_administrators_may_make_each_call(stage: SynthesizedStage, calls: list[ApiCall]) -> None:
    allowed = permissions(stage, "admin", without=[CLOUDSHELL])
    for call in calls:
        patterns = allowed.get(call.action, set())
        assert any(fnmatch.fnmatchcase(resource(call), pattern) for pattern in patterns), call


def test_the_policy_of_preflight_allows_nothing_else(
    stage: SynthesizedStage, calls: list[ApiCall]
) -> None:
    assert set(preflight_permissions(stage)) <= {call.action for call in calls}


def test_an_action_that_supports_a_resource_is_not_allowed_on_all(
    stage: SynthesizedStage,
) -> None:
    for action, patterns in preflight_permissions(stage).items():
        assert ("*" in patterns) is (action not in RESOURCES)
