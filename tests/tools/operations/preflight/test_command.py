"""The table of the checks, and what a check that cannot be made does to it."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.tools.operations.simulated_account import (
    SimulatedAccount,
    SimulatedInternet,
    refuse,
)
from tools.operations.errors import OperationError
from tools.operations.preflight import command
from tools.operations.preflight.command import CHECKS, preflight, run_checks
from tools.operations.preflight.row import Row, Status


@pytest.fixture(autouse=True)
def settings_of_the_account(account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the comparison of all stage files with the account."""
    numbers = {account.settings.stage: "111122223333"}
    monkeypatch.setattr(command, "resolve_accounts", lambda stages, number: numbers)


def test_a_new_account_that_has_everything_passes(
    account: SimulatedAccount, internet: SimulatedInternet, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preflight(account.session, account.settings) == 0
    *rows, _, summary = capsys.readouterr().out.splitlines()
    assert all(row.startswith("ok  ") for row in rows)
    assert summary == f"production: 0 missing, 0 unknown, {len(rows)} ok."


def test_something_that_is_missing_is_one_line_and_exit_code_1(
    account: SimulatedAccount, internet: SimulatedInternet, capsys: pytest.CaptureFixture[str]
) -> None:
    account.answers["ec2:DescribeAddresses"] = {"Addresses": [{}, {}, {}]}
    assert preflight(account.session, account.settings) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in lines if line.startswith("missing")] == [
        "missing Elastic IPs quota 5, 3 used by others; allowed: at least 6: the stage needs 3; "
        "fix: aws service-quotas request-service-quota-increase --service-code ec2 --quota-code "
        "L-0263D0A3 --desired-value 6 --region us-east-1"
    ]
    assert lines[-1].startswith("production: 1 missing, 0 unknown")


def test_a_denied_call_is_unknown_and_names_the_permission(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    refusals = {
        "AccessDenied": "route53:ListResourceRecordSets",
        "AccessDeniedException": "lambda:GetAccountSettings",
        "UnauthorizedOperation": "ec2:DescribeVpcs",
    }
    for code, action in refusals.items():
        account.answers[action] = refuse(code, "User: x is not authorized")
    rows = run_checks(account.session, account.settings)
    unknown = [row for row in rows if row.status == Status.UNKNOWN]
    assert [row.subject for row in unknown] == ["Lambda executions", "VPCs", "DNS records"]
    assert [row.found for row in unknown] == [
        f"your credentials may not call {action}"
        for action in (
            "lambda:GetAccountSettings",
            "ec2:DescribeVpcs",
            "route53:ListResourceRecordSets",
        )
    ]


def test_a_denied_call_alone_does_not_stop_a_deployment(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    account.answers["ec2:DescribeVpcs"] = refuse("UnauthorizedOperation")
    assert preflight(account.session, account.settings) == 0


def test_an_error_or_an_unreachable_endpoint_is_unknown(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    def unreachable(_: object) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://eks.us-east-1.amazonaws.com")

    account.answers["eks:DescribeClusterVersions"] = unreachable
    account.answers["rds:DescribeDBEngineVersions"] = refuse("Throttling", "Rate exceeded")
    rows = {row.subject: row for row in run_checks(account.session, account.settings)}
    assert rows["Kubernetes"] == Row(
        "Kubernetes",
        Status.UNKNOWN,
        'Could not connect to the endpoint URL: "https://eks.us-east-1.amazonaws.com"',
    )
    assert rows["PostgreSQL"].text == "rds:DescribeDBEngineVersions returns: Rate exceeded"


def test_each_check_has_rows_of_its_subject(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    for subject, check in CHECKS.items():
        for row in check(account.session, account.settings):
            assert row.subject.startswith(subject.rstrip("s"))


def test_no_row_has_more_than_one_line(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    account.answers["ec2:DescribeVpcs"] = refuse("Broken", "one\n two")
    rows = {row.subject: row for row in run_checks(account.session, account.settings)}
    assert rows["VPCs"].text == "ec2:DescribeVpcs returns: one two"


def test_credentials_for_another_account_are_refused(
    account: SimulatedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {"production": "000000000000"}
    monkeypatch.setattr(command, "resolve_accounts", lambda stages, number: numbers)
    with pytest.raises(OperationError) as caught:
        preflight(account.session, account.settings)
    assert str(caught.value) == (
        "settings/production.yaml: account: found 000000000000; your credentials are for "
        "111122223333"
    )
