"""Loads the settings of a stage from its file, settings/<stage>.yaml."""

import ipaddress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from settings.base import SettingsError
from settings.error_messages import error_messages
from settings.model import StageSettings
from settings.stage_file import display_name, read_stage_file

SETTINGS_FOLDER = Path(__file__).parent


def stage_names(folder: Path = SETTINGS_FOLDER) -> list[str]:
    """Return the names of all stages, which are those of the stage files, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_stage(stage: str, folder: Path = SETTINGS_FOLDER) -> StageSettings:
    """Load and validate the settings of a stage.

    Raises:
        SettingsError: the stage has no file, the file has errors, or it shares a VPC range or a
            Slack channel with another stage. The message contains all errors of the file, one in a
            line.
    """
    path = folder / f"{stage}.yaml"
    name = display_name(path)
    if stage not in stage_names(folder):
        allowed = ", ".join(stage_names(folder))
        raise SettingsError(f"{name}: no such stage: {stage!r}; allowed: {allowed}")
    file = read_stage_file(path)
    try:
        settings = StageSettings.model_validate({"stage": stage, **file.values})
    except ValidationError as error:
        messages = error_messages(error, StageSettings, file)
        raise SettingsError("\n".join(f"{name}: {message}" for message in messages)) from None
    for other in sorted(set(folder.glob("*.yaml")) - {path}):
        try:
            values = read_stage_file(other).values
        except SettingsError:  # Loading the other stage reports its errors.
            continue
        _check_vpc_range(settings, name, values, display_name(other))
        _check_slack_channels(settings, name, values, display_name(other))
    return settings


def _check_vpc_range(
    settings: StageSettings, name: str, other_values: dict[str, Any], other_name: str
) -> None:
    """Check that another stage has no overlapping VPC: the two could not be peered."""
    vpc = ipaddress.IPv4Network(settings.network.cidr)
    try:
        other_vpc = ipaddress.IPv4Network(_value(other_values, "network", "cidr"))
    except ValueError:
        return
    if vpc.overlaps(other_vpc):
        raise SettingsError(
            f"{name}: network.cidr: found {vpc}; "
            f"allowed: a range apart from {other_vpc} of {other_name}"
        )


def _check_slack_channels(
    settings: StageSettings, name: str, other_values: dict[str, Any], other_name: str
) -> None:
    """Check that another stage has other channels.

    Amazon Q Developer in chat applications takes one configuration for each channel.
    """
    slack = settings.monitoring.subscriptions.slack
    if slack is None:
        return
    section = ("monitoring", "subscriptions", "slack")
    if _value(other_values, *section, "workspace_id") != slack.workspace_id:
        return
    keys = ("critical_channel_id", "warning_channel_id")
    other_channels = {_value(other_values, *section, key) for key in keys}
    for key in keys:
        if getattr(slack, key) in other_channels:
            raise SettingsError(
                f"{name}: {'.'.join(section)}.{key}: found {getattr(slack, key)}; "
                f"allowed: a channel that {other_name} does not use"
            )


def _value(values: dict[str, Any], *keys: str) -> Any:  # noqa: ANN401
    """Return a value of a stage file that is not validated, or None where it has none."""
    found: Any = values
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
