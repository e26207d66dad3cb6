"""The account of each stage, and the rules for stages that share an account."""

import pytest

from settings import SettingsError, StageSettings, load_stage, resolve_accounts, stage_names

CLI_ACCOUNT = "123456789012"
OTHER_ACCOUNT = "999999999999"


@pytest.fixture
def stages() -> list[StageSettings]:
    return [load_stage(name) for name in stage_names()]


def with_domain(settings: StageSettings, name: str) -> StageSettings:
    domain = settings.domain.model_copy(update={"name": name})
    return settings.model_copy(update={"domain": domain})


def with_owner(settings: StageSettings, owned: bool) -> StageSettings:
    account_wide = settings.account_wide.model_copy(update={"owned": owned})
    return settings.model_copy(update={"account_wide": account_wide})


@pytest.mark.parametrize("account", [None, "000000000000"])
def test_an_example_domain_is_accepted_for_the_embedded_aws(
    stages: list[StageSettings], account: str | None
) -> None:
    assert resolve_accounts(stages, account) == {"production": account, "staging": account}


def test_an_example_domain_is_refused_for_a_real_account(stages: list[StageSettings]) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_accounts(stages, CLI_ACCOUNT)
    text = str(caught.value)
    assert "settings/production.yaml: domain.name: found 'spywatcher.example.com'" in text
    assert f"for account {CLI_ACCOUNT}; allowed: a name in a public hosted zone of yours" in text


@pytest.mark.parametrize("name", ["example.org", "a.example.net", "spywatcher.example"])
def test_every_reserved_domain_is_an_example_domain(stages: list[StageSettings], name: str) -> None:
    with pytest.raises(SettingsError, match=r"domain\.name"):
        resolve_accounts([with_domain(stages[0], name), stages[1]], CLI_ACCOUNT)


def test_a_stage_without_an_account_takes_that_of_the_credentials(
    stages: list[StageSettings],
) -> None:
    deployable = [with_domain(settings, "spywatcher.dev") for settings in stages]
    accounts = resolve_accounts(deployable, CLI_ACCOUNT)
    assert accounts == {"production": CLI_ACCOUNT, "staging": CLI_ACCOUNT}


def test_a_stage_keeps_the_account_of_its_settings(stages: list[StageSettings]) -> None:
    production, staging = (with_domain(settings, "spywatcher.dev") for settings in stages)
    staging = with_owner(staging, True).model_copy(update={"account": OTHER_ACCOUNT})
    assert resolve_accounts([production, staging], CLI_ACCOUNT)["staging"] == OTHER_ACCOUNT


@pytest.mark.parametrize("owned", [True, False])
def test_exactly_one_stage_of_an_account_owns_its_account_wide_resources(
    stages: list[StageSettings], owned: bool
) -> None:
    count = 2 if owned else 0
    with pytest.raises(SettingsError, match=f"found true in {count} of 2 stages of one account"):
        resolve_accounts([with_owner(settings, owned) for settings in stages], None)
