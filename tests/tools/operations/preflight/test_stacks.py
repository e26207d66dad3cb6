"""The bootstrap stack and the stacks of a stage."""

from collections.abc import Mapping
from typing import Any

import pytest

from settings.accounts import EMBEDDED_ACCOUNT
from settings.delivery import Strategy
from tests.stage_variants import with_strategy
from tests.synthesis import SynthesizedStage
from tests.tools.operations.simulated_account import ApiError, SimulatedAccount, refuse
from tools.operations.preflight import stacks
from tools.operations.preflight.row import Row, Status


def set_stacks(account: SimulatedAccount, status: str, *, protected: bool = False) -> None:
    """Give every stack of the stage a status."""

    def answer(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if not status:
            raise ApiError("ValidationError", "Stack with id x does not exist")
        stack = {
            "StackName": parameters["StackName"],
            "StackStatus": status,
            "EnableTerminationProtection": protected,
        }
        return {"Stacks": [stack]}

    account.answers["cloudformation:DescribeStacks"] = answer


def test_the_stacks_are_those_of_the_templates(stage: SynthesizedStage) -> None:
    assert set(stacks.STACKS) == set(stage.templates)


def test_the_bootstrap_version_is_that_of_the_templates(stage: SynthesizedStage) -> None:
    for template in stage.templates.values():
        (rule,) = template["Rules"]["CheckBootstrapVersion"]["Assertions"]
        assert f"version {stacks.OLDEST_BOOTSTRAP_VERSION} required" in rule["AssertDescription"]


def test_an_account_without_bootstrap_is_missing(account: SimulatedAccount) -> None:
    account.answers["ssm:GetParameter"] = refuse("ParameterNotFound")
    assert stacks.check_bootstrap(account.session, account.settings) == [
        Row(
            "CDK bootstrap",
            Status.MISSING,
            "not bootstrapped",
            "version 6 or later",
            "python3 dev.py cdk bootstrap aws://111122223333/us-east-1",
        )
    ]


def test_an_old_bootstrap_is_missing(account: SimulatedAccount) -> None:
    account.answers["ssm:GetParameter"] = {"Parameter": {"Value": "5"}}
    (row,) = stacks.check_bootstrap(account.session, account.settings)
    assert (row.status, row.found) == (Status.MISSING, "version 5")


@pytest.mark.parametrize(
    ("setting", "status", "protected", "expected"),
    [
        (False, "", False, Status.OK),
        (True, "", False, Status.MISSING),
        (True, "ROLLBACK_FAILED", False, Status.MISSING),
        (True, "CREATE_COMPLETE", False, Status.OK),
        (False, "CREATE_COMPLETE", False, Status.MISSING),
        (True, "UPDATE_COMPLETE", True, Status.OK),
    ],
    ids=["first", "too-early", "failed", "protecting", "not-yet-protected", "protected"],
)
def test_a_stage_is_protected_once_it_is_complete(
    account: SimulatedAccount, setting: bool, status: str, protected: bool, expected: Status
) -> None:
    set_stacks(account, status, protected=protected)
    settings = account.settings.model_copy(update={"deletion_protection": setting})
    (row,) = stacks.check_deletion_protection(account.session, settings)
    assert row.status == expected


def test_the_embedded_aws_takes_a_protected_stage(account: SimulatedAccount) -> None:
    account.answers["sts:GetCallerIdentity"] = {"Account": EMBEDDED_ACCOUNT}
    settings = account.settings.model_copy(update={"deletion_protection": True})
    (row,) = stacks.check_deletion_protection(account.session, settings)
    assert row.status == Status.OK


def test_an_image_of_the_settings_that_is_not_deployed_is_named(account: SimulatedAccount) -> None:
    account.answers["cloudformation:DescribeStacks"] = {
        "Stacks": [
            {
                "Parameters": [
                    {"ParameterKey": name, "ParameterValue": "backend:0.9"}
                    for name in ("BackendImage", "MigrationsImage")
                ]
            }
        ]
    }
    (row,) = stacks.check_released_images(account.session, account.settings)
    assert row.status == Status.OK
    assert row.found.startswith("BackendImage: a deployment keeps backend:0.9")


@pytest.mark.parametrize(
    ("strategy", "position", "status"),
    [
        ("rolling", "blue", Status.OK),
        ("rolling", "green", Status.MISSING),
        ("rolling", "75-25", Status.MISSING),
        ("canary", "75-25", Status.OK),
        ("canary", "green", Status.OK),
        ("canary", "90-10", Status.MISSING),
    ],
)
def test_a_deployment_that_removes_the_position_in_use_is_refused(
    account: SimulatedAccount, strategy: Strategy, position: str, status: Status
) -> None:
    parameters = [{"ParameterKey": "BackendTraffic", "ParameterValue": position}]
    account.answers["cloudformation:DescribeStacks"] = {"Stacks": [{"Parameters": parameters}]}
    settings = with_strategy(strategy, "backend", stage=account.settings.stage)
    (row,) = stacks.check_traffic(account.session, settings)
    assert (row.subject, row.status) == ("Traffic of the backend", status)


def test_a_stage_with_rolling_updates_has_no_position(account: SimulatedAccount) -> None:
    account.answers["cloudformation:DescribeStacks"] = {"Stacks": [{"Parameters": []}]}
    assert stacks.check_traffic(account.session, account.settings) == []
