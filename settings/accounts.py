"""The AWS account that each stage is deployed to, and the rules for stages that share one."""

from collections.abc import Mapping, Sequence

from settings.base import SettingsError
from settings.model import StageSettings

EMBEDDED_ACCOUNT = "000000000000"
"""The account of the embedded AWS. AWS gives this number to nobody."""

_EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org", "example")
"""RFC 2606 reserves these domains for documentation: ACM cannot validate a certificate there."""


def resolve_accounts(
    stages: Sequence[StageSettings], cli_account: str | None
) -> Mapping[str, str | None]:
    """Return the account of each stage, by the stage's name.

    The account is None where neither the settings nor the credentials give one. The templates
    then contain the pseudo parameter `AWS::AccountId`.

    Args:
        stages: all stages of the project.
        cli_account: the account of the CDK CLI's credentials, or None without credentials.

    Raises:
        SettingsError: a stage on an example domain has a real account, or the account-wide
            resources of an account do not have exactly one stage that owns them.
    """
    accounts = {settings.stage: settings.account or cli_account for settings in stages}
    for settings in stages:
        _check_domain(settings, accounts[settings.stage])
    for account in set(accounts.values()):
        _check_owner([settings for settings in stages if accounts[settings.stage] == account])
    return accounts


def _check_domain(settings: StageSettings, account: str | None) -> None:
    name = settings.domain.name
    is_example = any(name == domain or name.endswith(f".{domain}") for domain in _EXAMPLE_DOMAINS)
    if is_example and account not in (None, EMBEDDED_ACCOUNT):
        raise SettingsError(
            f"settings/{settings.stage}.yaml: domain.name: found {name!r} for account {account}; "
            "allowed: a name in a public hosted zone of yours, with hosted_zone_id and "
            "hosted_zone_name beside it (an example domain is for the embedded AWS only)"
        )


def _check_owner(stages: Sequence[StageSettings]) -> None:
    owners = [settings.stage for settings in stages if settings.account_wide.owned]
    if len(owners) != 1:
        files = ", ".join(f"settings/{settings.stage}.yaml" for settings in stages)
        raise SettingsError(
            f"{files}: account_wide.owned: found true in {len(owners)} of {len(stages)} stages "
            "of one account; allowed: true in exactly one (an account has one OIDC provider, one "
            "Access Analyzer, one GuardDuty detector, one Config recorder)"
        )
