"""A stage is protected against deletion once it is complete, and not before."""

from collections.abc import Mapping
from typing import Any

import pytest

from settings import StageSettings, load_stage
from settings.accounts import EMBEDDED_ACCOUNT
from tools.deletion_protection import DeployedStack, StageProtection
from tools.guard.__main__ import check_protection
from tools.guard.errors import GuardError
from tools.guard.templates import StackTemplate
from tools.templates.assembly import AssemblyStack

NAMES = ["production-security", "production-data"]
REFUSAL = (
    "settings/production.yaml: deletion_protection: found true before the first deployment is "
    "complete (not deployed: {}); allowed: false until all stacks are deployed, then true "
    "(docs/first-deploy.md)"
)


def settings(*, protected: bool, stage: str = "production") -> StageSettings:
    return load_stage(stage).model_copy(update={"deletion_protection": protected})


def protection(
    chosen: StageSettings, statuses: Mapping[str, str], *, stacks_protected: bool = False
) -> StageProtection:
    deployed = [
        DeployedStack(f"production-{name}", status, stacks_protected)
        for name, status in statuses.items()
    ]
    return StageProtection(chosen, NAMES, deployed)


def test_a_protected_stage_is_not_created() -> None:
    refusal = protection(settings(protected=True), {}).refusal()
    assert refusal == REFUSAL.format("production-security, production-data")


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_a_stage_with_a_stack_that_was_not_created_is_not_protected(status: str) -> None:
    refusal = protection(
        settings(protected=True), {"security": "CREATE_COMPLETE", "data": status}
    ).refusal()
    assert refusal == REFUSAL.format("production-data")


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
def test_a_complete_stage_is_protected(status: str) -> None:
    complete = protection(settings(protected=True), {"security": "UPDATE_COMPLETE", "data": status})
    assert complete.refusal() is None
    assert complete.note() is None


def test_a_stage_is_created_without_protection() -> None:
    assert protection(settings(protected=False), {}).refusal() is None


def test_a_complete_production_stage_without_protection_is_named() -> None:
    complete = {"security": "CREATE_COMPLETE", "data": "CREATE_COMPLETE"}
    assert protection(settings(protected=False), complete).note() == (
        "settings/production.yaml: deletion_protection: found false, and every stack of the stage "
        "is deployed; set it to true and deploy again"
    )
    assert protection(settings(protected=False), {"security": "CREATE_COMPLETE"}).note() is None
    staging = settings(protected=False, stage="staging")
    assert protection(staging, complete).note() is None


def test_a_stack_that_a_protected_stage_gets_later_has_a_runbook() -> None:
    later = protection(
        settings(protected=True), {"security": "UPDATE_COMPLETE"}, stacks_protected=True
    )
    assert later.refusal() is None
    assert later.note() == (
        "production-data: created with protection. If the creation fails, follow "
        "docs/runbooks/failed-creation.md"
    )


def check_in(account: str, deployed: dict[str, Any]) -> None:
    stacks = [AssemblyStack(name, {}, "us-east-1", account, None, ()) for name in NAMES]
    check_protection(settings(protected=True), stacks, deployed)


def test_the_guard_creates_no_protected_stage_in_an_account_of_aws() -> None:
    with pytest.raises(GuardError) as caught:
        check_in("111122223333", {})
    assert str(caught.value) == REFUSAL.format("production-security, production-data")


def test_the_guard_lets_the_embedded_aws_create_a_protected_stage() -> None:
    check_in(EMBEDDED_ACCOUNT, {})


def test_the_guard_prints_the_note(capsys: pytest.CaptureFixture[str]) -> None:
    name = NAMES[0]
    deployed = StackTemplate(
        name, "us-east-1", "111122223333", {}, status="UPDATE_COMPLETE", is_protected=True
    )
    check_in("111122223333", {name: deployed})
    assert capsys.readouterr().out.startswith("production-data: created with protection.")
