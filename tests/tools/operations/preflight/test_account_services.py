"""What an account has once: `make` where it is missing, and `use` where it exists already."""

from typing import Any

import pytest

from tests.tools.operations.simulated_account import SimulatedAccount, refuse
from tools.operations.preflight import account_services
from tools.operations.preflight.row import Check, Row, Status

NOT_DEPLOYED = refuse("ValidationError", "Stack with id spywatcher-account does not exist")
MONITOR = "arn:aws:ce::111122223333:anomalymonitor/12345678-1234-1234-1234-123456789012"
ITEMS: dict[str, tuple[Check, str, Any]] = {
    "github_oidc_provider": (
        account_services.check_oidc_provider,
        "iam:GetOpenIDConnectProvider",
        refuse("NoSuchEntity"),
    ),
    "access_analyzer": (
        account_services.check_access_analyzer,
        "access-analyzer:ListAnalyzers",
        {"analyzers": []},
    ),
    "guardduty": (
        account_services.check_guardduty,
        "guardduty:ListDetectors",
        {"DetectorIds": []},
    ),
    "config_recorder": (
        account_services.check_config_recorder,
        "config:DescribeConfigurationRecorders",
        {"ConfigurationRecorders": []},
    ),
}
"""The check of each setting, its API call, and the answer where the item does not exist."""


def run(account: SimulatedAccount, check: Check, **account_wide: object) -> Row:
    """Return the row of a check for settings of the account."""
    chosen = account.settings.account_wide.model_copy(update=account_wide)
    settings = account.settings.model_copy(update={"account_wide": chosen})
    (row,) = check(account.session, settings)
    return row


@pytest.mark.parametrize("key", ITEMS)
def test_an_item_that_exists_must_not_be_made(account: SimulatedAccount, key: str) -> None:
    account.answers["cloudformation:DescribeStackResources"] = NOT_DEPLOYED
    check, *_ = ITEMS[key]
    row = run(account, check)
    assert row.text == (
        f"make, and the account has one already; allowed: use; fix: set account_wide.{key} in "
        "settings/production.yaml"
    )
    assert run(account, check, **{key: "use"}).status == Status.OK


@pytest.mark.parametrize("key", ITEMS)
def test_an_item_that_does_not_exist_must_not_be_used(account: SimulatedAccount, key: str) -> None:
    check, action, nothing = ITEMS[key]
    account.answers["cloudformation:DescribeStackResources"] = NOT_DEPLOYED
    account.answers[action] = nothing
    row = run(account, check, **{key: "use"})
    assert row.text == (
        f"use, and the account has none; allowed: make; fix: set account_wide.{key} in "
        "settings/production.yaml"
    )
    assert run(account, check).status == Status.OK


@pytest.mark.parametrize("key", ITEMS)
def test_an_item_of_the_account_stack_stays_made(account: SimulatedAccount, key: str) -> None:
    check, *_ = ITEMS[key]
    assert run(account, check).status == Status.OK
    row = run(account, check, **{key: "use"})
    assert (row.status, row.allowed) == (Status.MISSING, "make")


def test_an_analyzer_of_another_name_is_named(account: SimulatedAccount) -> None:
    account.answers["access-analyzer:ListAnalyzers"] = {"analyzers": [{"name": "ours"}]}
    row = run(account, account_services.check_access_analyzer, access_analyzer="use")
    assert row.text == (
        "no spywatcher-account-analyzer; allowed: ours; fix: set account_wide.access_analyzer_name "
        "in settings/production.yaml"
    )


def test_an_anomaly_monitor_that_does_not_exist_is_missing(account: SimulatedAccount) -> None:
    account.answers["ce:GetAnomalyMonitors"] = refuse("UnknownMonitorException")
    check = account_services.check_anomaly_monitor
    row = run(account, check, anomaly_monitor="use", anomaly_monitor_arn=MONITOR)
    assert (row.status, row.found) == (Status.MISSING, f"no {MONITOR}")
    assert run(account, check).status == Status.OK


def test_the_account_stack_is_deployed_before_the_stages(account: SimulatedAccount) -> None:
    assert run(account, account_services.check_account_stack).status == Status.OK
    account.answers["cloudformation:DescribeStackResources"] = NOT_DEPLOYED
    row = run(account, account_services.check_account_stack)
    assert (row.status, row.fix) == (
        Status.MISSING,
        "python3 dev.py cdk deploy 'account/*'",
    )


def test_a_stage_that_shares_its_account_is_named(account: SimulatedAccount) -> None:
    row = run(account, account_services.check_shared_account)
    assert row.status == Status.OK
    assert row.found.startswith("111122223333, shared with staging: whoever may deploy")


def test_a_stage_in_another_region_shares_no_bootstrap_roles(account: SimulatedAccount) -> None:
    settings = account.settings.model_copy(update={"region": "eu-west-1"})
    (row,) = account_services.check_shared_account(account.session, settings)
    assert row.found == "111122223333, for this stage only"
