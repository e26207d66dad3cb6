"""What the app synthesizes: every stage, or the selected one, and the accounts of these."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from settings.accounts import Account, check_placeholders, group_by_account, resolve_accounts
from settings.base import SettingsError
from settings.loading import load_stage, stage_names
from settings.model import StageSettings


@dataclass(frozen=True)
class Selection:
    """The stages to synthesize, and their accounts."""

    stages: tuple[StageSettings, ...]
    accounts: tuple[Account, ...]
    """Each account has all its stages, also those that are not selected."""
    account_numbers: Mapping[str, str | None]
    """The account of each stage, by the stage's name."""


def select_stages(selected: str | None, cli_account: str | None) -> Selection:
    """Load the settings of all stages, and select what the app synthesizes.

    Without a selection, a stage that still has placeholders for a real account is left out with a
    warning.

    Args:
        selected: The name of a stage, or None for all stages.
        cli_account: The account of the CDK CLI's credentials, or None without credentials.

    Raises:
        SettingsError: The settings are invalid, no stage has the selected name, or the selected
            stage still has placeholders.
    """
    if selected and selected not in stage_names():
        load_stage(selected)  # Raises the error that names the stages.
    loaded = [load_stage(name) for name in stage_names()]
    numbers = resolve_accounts(loaded, cli_account)
    for settings in loaded:
        if settings.stage == selected:
            check_placeholders(settings, numbers[selected])
    complete = list(_complete_stages(loaded, numbers, warn=not selected))
    stages = [settings for settings in complete if selected in (None, settings.stage)]
    chosen = {numbers[settings.stage] for settings in stages}
    accounts = [a for a in group_by_account(complete, numbers) if a.number in chosen]
    return Selection(tuple(stages), tuple(accounts), numbers)


def _complete_stages(
    stages: Sequence[StageSettings], accounts: Mapping[str, str | None], *, warn: bool
) -> Iterator[StageSettings]:
    """Yield the stages without placeholders.

    Args:
        stages: All stages.
        accounts: The account of each stage, by the stage's name.
        warn: Whether to print a warning for each stage that is left out.
    """
    for settings in stages:
        try:
            check_placeholders(settings, accounts[settings.stage])
        except SettingsError as error:
            if warn:
                print(f"{error}; {settings.stage} is left out until then", file=sys.stderr)
        else:
            yield settings
