"""`dev.py target`: where the pipeline deploys a stage to."""

from typing import Any

import pytest

from settings import SettingsError, StageSettings, load_stage
from settings.accounts import Account
from stacks.account.stage import AccountStage
from tests.stacks.permissions import bootstrap_roles, role
from tests.synthesis import ACCOUNT, create_app, synthesize
from tools.pipeline.__main__ import main
from tools.pipeline.target import read_target

DOMAIN = {
    "name": "staging.spywatcher.dev",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "hosted_zone_name": "spywatcher.dev",
}


def staging(**changes: Any) -> StageSettings:
    values = load_stage("staging").model_dump() | {"account": ACCOUNT, "domain": DOMAIN} | changes
    return StageSettings.model_validate(values)


def target(settings: StageSettings, *, is_only_account: bool = True) -> dict[str, str]:
    return dict(read_target(settings, qualifier="hnb659fds", is_only_account=is_only_account))


def test_the_roles_of_the_target_are_those_of_the_templates() -> None:
    settings = staging()
    stage, outputs = synthesize(settings), target(settings)
    assert outputs["account"] == ACCOUNT
    assert outputs["region"] == settings.region
    for name in ("deployer", "reviewer"):
        role_name = role(stage, name)["RoleName"]
        assert outputs[name] == f"arn:aws:iam::{ACCOUNT}:role/{role_name}"
    (lookup,) = (name for name in bootstrap_roles(stage) if "-lookup-role-" in name)
    assert outputs["lookup_role"] == f"arn:aws:iam::{ACCOUNT}:{lookup}"


@pytest.mark.parametrize("is_only_account", [True, False])
def test_the_account_stack_of_the_target_is_selected_by_its_path_in_the_app(
    is_only_account: bool,
) -> None:
    settings = staging()
    stage = AccountStage(
        create_app(), account=Account(ACCOUNT, (settings,)), is_only_account=is_only_account
    )
    (stack,) = stage.synth().stacks
    found = target(settings, is_only_account=is_only_account)["account_stack"]
    assert found == stack.hierarchical_id


def test_a_stage_without_an_account_has_no_target_and_a_notice_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["target", "staging"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "::notice::settings/staging.yaml: account: found none; the pipeline deploys staging once "
        "the file names its AWS account, such as account: '111122223333' (docs/pipeline.md)\n"
    )


def test_a_stage_with_placeholders_has_no_target() -> None:
    settings = staging(domain=load_stage("staging").domain.model_dump())
    with pytest.raises(SettingsError, match=r"^settings/staging\.yaml: domain\.name: found "):
        target(settings)


def test_an_unknown_stage_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["target", "prod"]) == 1
    assert capsys.readouterr().err == (
        "settings/prod.yaml: no such stage: 'prod'; allowed: production, staging\n"
    )
