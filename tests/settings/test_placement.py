"""Where stages are deployed to, and what must not meet there."""

import pytest

from settings import SettingsError, StageSettings, load_stage, place, stage_names

REAL_ACCOUNT = "123456789012"


@pytest.fixture
def stages() -> list[StageSettings]:
    return [load_stage(name) for name in stage_names()]


def changed(settings: StageSettings, **values: object) -> StageSettings:
    return settings.model_copy(update=values)


def on_a_domain_of_its_own(settings: StageSettings) -> StageSettings:
    domain = settings.domain.model_copy(update={"name": "spywatcher.dev"})
    return changed(settings, domain=domain)


@pytest.mark.parametrize("account", [None, "000000000000"])
def test_an_example_domain_is_deployed_to_the_embedded_aws(
    stages: list[StageSettings], account: str | None
) -> None:
    assert place(stages, account) == {"production": account, "staging": account}


def test_an_example_domain_is_refused_for_a_real_account(stages: list[StageSettings]) -> None:
    with pytest.raises(SettingsError) as caught:
        place(stages, REAL_ACCOUNT)
    text = str(caught.value)
    assert "settings/production.yaml: domain.name: found 'spywatcher.example.com'" in text
    assert f"for account {REAL_ACCOUNT}; allowed: a name in a public hosted zone of yours" in text


@pytest.mark.parametrize("name", ["example.org", "a.example.net", "spywatcher.example"])
def test_every_reserved_domain_counts_as_an_example(stages: list[StageSettings], name: str) -> None:
    domain = stages[0].domain.model_copy(update={"name": name})
    with pytest.raises(SettingsError, match=r"domain\.name"):
        place([changed(stages[0], domain=domain), stages[1]], REAL_ACCOUNT)


def test_a_real_domain_goes_where_the_credentials_point(stages: list[StageSettings]) -> None:
    own = [on_a_domain_of_its_own(settings) for settings in stages]
    assert place(own, REAL_ACCOUNT) == {"production": REAL_ACCOUNT, "staging": REAL_ACCOUNT}


def test_a_stage_that_names_its_account_goes_there(stages: list[StageSettings]) -> None:
    production, staging = stages
    owning = staging.account_wide.model_copy(update={"owned": True})
    staging = changed(staging, account="999999999999", account_wide=owning)
    own = [on_a_domain_of_its_own(production), on_a_domain_of_its_own(staging)]
    assert place(own, REAL_ACCOUNT)["staging"] == "999999999999"


@pytest.mark.parametrize("owned", [True, False])
def test_exactly_one_stage_of_an_account_owns_what_it_has_once(
    stages: list[StageSettings], owned: bool
) -> None:
    same = [
        changed(s, account_wide=s.account_wide.model_copy(update={"owned": owned})) for s in stages
    ]
    count = 2 if owned else 0
    with pytest.raises(SettingsError, match=f"found true in {count} of 2 stages of one account"):
        place(same, None)
