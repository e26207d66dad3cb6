"""Where the stages are deployed to, and what must not meet there."""

from collections.abc import Mapping, Sequence

from settings.base import SettingsError
from settings.model import StageSettings

EMBEDDED_ACCOUNT = "000000000000"
"""The account of the embedded AWS: nobody's."""

_EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org", "example")
"""Reserved for documentation (RFC 2606): nobody can validate a certificate there."""


def place(stages: Sequence[StageSettings], cli_account: str | None) -> Mapping[str, str | None]:
    """Return the account of each stage, by its name; None where nothing says it.

    Args:
        stages: every stage of the project.
        cli_account: the account of the CLI's credentials, if it has any.

    Raises:
        SettingsError: stages that share an account do not agree on who owns what it has once, or
            a stage on an example domain would be deployed to a real account.
    """
    accounts = {settings.stage: settings.account or cli_account for settings in stages}
    for settings in stages:
        _refuse_example_domain(settings, accounts[settings.stage])
    for account in set(accounts.values()):
        _refuse_shared_ownership([s for s in stages if accounts[s.stage] == account])
    return accounts


def _refuse_example_domain(settings: StageSettings, account: str | None) -> None:
    name = settings.domain.name
    is_example = any(name == zone or name.endswith(f".{zone}") for zone in _EXAMPLE_DOMAINS)
    if is_example and account not in (None, EMBEDDED_ACCOUNT):
        raise SettingsError(
            f"settings/{settings.stage}.yaml: domain.name: found {name!r} for account {account}; "
            "allowed: a name in a public hosted zone of yours, with hosted_zone_id and "
            "hosted_zone_name beside it (an example domain is for the embedded AWS only)"
        )


def _refuse_shared_ownership(stages: Sequence[StageSettings]) -> None:
    owners = [settings.stage for settings in stages if settings.account_wide.owned]
    if len(owners) != 1:
        files = ", ".join(f"settings/{settings.stage}.yaml" for settings in stages)
        raise SettingsError(
            f"{files}: account_wide.owned: found true in {len(owners)} of {len(stages)} stages "
            "of one account; allowed: true in exactly one (an account has one OIDC provider, one "
            "Access Analyzer, one GuardDuty detector, one Config recorder)"
        )
