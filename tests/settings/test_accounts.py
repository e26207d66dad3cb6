"""The account of each stage, and the rules for stages that share an account."""

from typing import Any

import pytest

from settings import SettingsError, StageSettings, load_stage, resolve_accounts, stage_names
from settings.accounts import check_placeholders, group_by_account

CLI_ACCOUNT = "123456789012"
OTHER_ACCOUNT = "999999999999"
BOTH = {"production": CLI_ACCOUNT, "staging": CLI_ACCOUNT}


@pytest.fixture
def stages() -> list[StageSettings]:
    return [load_stage(name) for name in stage_names()]


def change(settings: StageSettings, **changes: Any) -> StageSettings:
    """Return the settings with changes; those of a section are a dictionary."""
    updated = {
        key: getattr(settings, key).model_copy(update=value) if isinstance(value, dict) else value
        for key, value in changes.items()
    }
    return settings.model_copy(update=updated)


def in_another_region(settings: StageSettings) -> StageSettings:
    zones = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    return change(settings, region="eu-west-1", availability_zones=zones)


def refusal(stages: list[StageSettings]) -> str:
    """Return the message, of one line, with which the stages are refused."""
    with pytest.raises(SettingsError) as caught:
        resolve_accounts(stages, CLI_ACCOUNT)
    (line,) = str(caught.value).splitlines()
    return line


def test_a_stage_without_an_account_takes_that_of_the_credentials(
    stages: list[StageSettings],
) -> None:
    assert resolve_accounts(stages, CLI_ACCOUNT) == BOTH
    assert resolve_accounts(stages, None) == {"production": None, "staging": None}


def test_a_stage_keeps_the_account_of_its_settings(stages: list[StageSettings]) -> None:
    production, staging = stages
    staging = change(staging, account=OTHER_ACCOUNT, monitoring={"account_wide": True})
    accounts = resolve_accounts([production, staging], CLI_ACCOUNT)
    assert accounts == {"production": CLI_ACCOUNT, "staging": OTHER_ACCOUNT}
    assert [account.number for account in group_by_account(stages, accounts)] == [
        CLI_ACCOUNT,
        OTHER_ACCOUNT,
    ]


# Placeholders ---------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [None, "000000000000"])
def test_placeholders_are_accepted_for_the_embedded_aws(
    stages: list[StageSettings], account: str | None
) -> None:
    for settings in stages:
        check_placeholders(settings, account)


@pytest.mark.parametrize(
    "name", ["spywatcher.example.com", "example.org", "a.example.net", "spywatcher.example"]
)
def test_an_example_domain_is_refused_for_a_real_account(
    stages: list[StageSettings], name: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        check_placeholders(change(stages[0], domain={"name": name}), CLI_ACCOUNT)
    assert str(caught.value).startswith(
        f"settings/production.yaml: domain.name: found '{name}' for account {CLI_ACCOUNT}; "
        "allowed: a name in a public hosted zone of yours"
    )


def test_the_hosted_zone_of_this_repository_is_refused_for_a_real_account(
    stages: list[StageSettings],
) -> None:
    domain = {"name": "spywatcher.dev", "hosted_zone_name": "spywatcher.dev"}
    with pytest.raises(SettingsError) as caught:
        check_placeholders(change(stages[0], domain=domain), CLI_ACCOUNT)
    assert str(caught.value) == (
        "settings/production.yaml: domain.hosted_zone_id: found 'Z00000000000000000001' for "
        f"account {CLI_ACCOUNT}; allowed: the id of the public hosted zone spywatcher.dev "
        "(aws route53 list-hosted-zones)"
    )
    complete = domain | {"hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    check_placeholders(change(stages[0], domain=complete), CLI_ACCOUNT)


# What an account has once -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [
        ("github_oidc_provider", "make", "use"),
        ("access_analyzer", "use", "make"),
        ("guardduty", "none", "make"),
        ("config_recorder", "make", "use"),
        ("permissions_boundary", "a", "b"),
    ],
)
def test_stages_that_share_an_account_agree_on_what_it_has_once(
    stages: list[StageSettings], key: str, one: str, other: str
) -> None:
    production, staging = stages
    production = change(production, account_wide={key: one})
    staging = change(staging, account_wide={key: other})
    assert refusal([production, staging]) == (
        f"settings/production.yaml, settings/staging.yaml: account_wide.{key}: found {one} and "
        f"{other}; allowed: the same value in stages that share an account and a Region"
    )
    staging = change(staging, account=OTHER_ACCOUNT, monitoring={"account_wide": True})
    resolve_accounts([production, staging], CLI_ACCOUNT)


def test_one_region_of_an_account_makes_the_oidc_provider(stages: list[StageSettings]) -> None:
    """IAM has no Regions."""
    production, staging = stages
    staging = in_another_region(staging)
    assert refusal([production, staging]) == (
        "settings/staging.yaml, settings/production.yaml: account_wide.github_oidc_provider: found "
        "make in eu-west-1, us-east-1; allowed: make in one Region of an account, use in the others"
    )
    staging = change(staging, account_wide={"github_oidc_provider": "use", "guardduty": "none"})
    resolve_accounts([production, staging], CLI_ACCOUNT)


def test_at_least_one_stage_monitors_the_account(stages: list[StageSettings]) -> None:
    silent = [change(settings, monitoring={"account_wide": False}) for settings in stages]
    assert refusal(silent) == (
        "settings/production.yaml, settings/staging.yaml: monitoring.account_wide: found false in "
        "every stage of the account; allowed: true in at least one"
    )
