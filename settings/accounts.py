"""The AWS account that each stage is deployed to, and the rules for stages that share one."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from settings.account_wide import AccountWideSettings
from settings.base import SettingsError
from settings.model import ACCOUNT_STAGE, StageSettings

EMBEDDED_ACCOUNT = "000000000000"
"""The account of the embedded AWS. AWS gives this number to nobody."""

_EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org", "example")
"""RFC 2606 reserves these domains for documentation: ACM cannot validate a certificate there."""
_EXAMPLE_HOSTED_ZONE = "Z00000000000000000001"


@dataclass(frozen=True)
class Account:
    """An AWS account, with the stages that share it."""

    number: str | None
    """None where neither the settings nor the credentials give it."""
    stages: tuple[StageSettings, ...]

    def by_region(self) -> Mapping[str, tuple[StageSettings, ...]]:
        """Return the stages of each Region."""
        regions = sorted({settings.region for settings in self.stages})
        return {
            region: tuple(settings for settings in self.stages if settings.region == region)
            for region in regions
        }


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
        SettingsError: the settings of stages that share an account do not fit together.
    """
    accounts = {settings.stage: settings.account or cli_account for settings in stages}
    for account in group_by_account(stages, accounts):
        _check_agreement(account)
        _check_oidc_provider(account)
        _check_monitoring(account)
    return accounts


def group_by_account(
    stages: Sequence[StageSettings], accounts: Mapping[str, str | None]
) -> list[Account]:
    """Return the accounts of these stages.

    Args:
        stages: some stages of the project.
        accounts: the account of each stage, by the stage's name.
    """
    numbers = dict.fromkeys(accounts[settings.stage] for settings in stages)
    return [
        Account(
            number,
            tuple(settings for settings in stages if accounts[settings.stage] == number),
        )
        for number in numbers
    ]


def account_stage_id(number: str | None, is_only_account: bool) -> str:
    """Return the construct id of an account: `account`, or `account-<number>` beside others.

    Args:
        number: The account, or None where neither the settings nor the credentials give it.
        is_only_account: Whether the app has no other account.
    """
    return ACCOUNT_STAGE if is_only_account or number is None else f"{ACCOUNT_STAGE}-{number}"


def check_placeholders(settings: StageSettings, account: str | None) -> None:
    """Check that a stage with a real account has its own values instead of the placeholders.

    Raises:
        SettingsError: a setting still has the placeholder of this repository.
    """
    if account in (None, EMBEDDED_ACCOUNT):
        return
    domain = settings.domain
    is_example = any(
        domain.name == example or domain.name.endswith(f".{example}")
        for example in _EXAMPLE_DOMAINS
    )
    if is_example:
        raise SettingsError(
            f"{_file(settings)}: domain.name: found {domain.name!r} for account {account}; "
            "allowed: a name in a public hosted zone of yours, with hosted_zone_id and "
            "hosted_zone_name beside it (an example domain is for the embedded AWS only)"
        )
    if domain.hosted_zone_id == _EXAMPLE_HOSTED_ZONE:
        raise SettingsError(
            f"{_file(settings)}: domain.hosted_zone_id: found {domain.hosted_zone_id!r} for "
            f"account {account}; allowed: the id of the public hosted zone "
            f"{domain.hosted_zone_name} (aws route53 list-hosted-zones)"
        )


def _check_agreement(account: Account) -> None:
    """Check that stages that share an account and a Region agree on what these have once."""
    for stages in account.by_region().values():
        for one, other in itertools.combinations(stages, 2):
            for key in _different_keys(one.account_wide, other.account_wide):
                raise SettingsError(
                    f"{_file(one)}, {_file(other)}: account_wide.{key}: found "
                    f"{getattr(one.account_wide, key)} and {getattr(other.account_wide, key)}; "
                    "allowed: the same value in stages that share an account and a Region"
                )


def _different_keys(one: AccountWideSettings, other: AccountWideSettings) -> Iterator[str]:
    for key in AccountWideSettings.model_fields:
        if getattr(one, key) != getattr(other, key):
            yield key


def _check_oidc_provider(account: Account) -> None:
    """Check that the stack of one Region makes the OIDC provider. IAM has no Regions."""
    makers = [
        stages[0]
        for stages in account.by_region().values()
        if stages[0].account_wide.github_oidc_provider == "make"
    ]
    if len(makers) > 1:
        raise SettingsError(
            f"{', '.join(map(_file, makers))}: account_wide.github_oidc_provider: found make in "
            f"{', '.join(settings.region for settings in makers)}; allowed: make in one Region of "
            "an account, use in the others"
        )


def _check_monitoring(account: Account) -> None:
    if not any(settings.monitoring.account_wide for settings in account.stages):
        raise SettingsError(
            f"{', '.join(map(_file, account.stages))}: monitoring.account_wide: found false in "
            "every stage of the account; allowed: true in at least one"
        )


def _file(settings: StageSettings) -> str:
    return f"settings/{settings.stage}.yaml"
