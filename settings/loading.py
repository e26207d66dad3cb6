"""Loads the settings of a stage from its file, settings/<stage>.yaml."""

import ipaddress
from pathlib import Path

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
        SettingsError: the stage has no file, the file has errors, or its VPC overlaps with that of
            another stage. The message contains all errors of the file, one in a line.
    """
    path = folder / f"{stage}.yaml"
    name = display_name(path)
    if stage not in stage_names(folder):
        allowed = ", ".join(stage_names(folder))
        raise SettingsError(f"{name}: no such stage: {stage!r}; allowed: {allowed}")
    values = read_stage_file(path)
    try:
        settings = StageSettings.model_validate({"stage": stage, **values})
    except ValidationError as error:
        messages = error_messages(error, StageSettings, values)
        raise SettingsError("\n".join(f"{name}: {message}" for message in messages)) from None
    _check_vpc_ranges(settings, folder)
    return settings


def _check_vpc_ranges(settings: StageSettings, folder: Path) -> None:
    """Check that no other stage has an overlapping VPC: the two could not be peered."""
    vpc = ipaddress.IPv4Network(settings.network.cidr)
    path = folder / f"{settings.stage}.yaml"
    for other in sorted(folder.glob("*.yaml")):
        other_vpc = _read_vpc_range(other) if other != path else None
        if other_vpc and vpc.overlaps(other_vpc):
            raise SettingsError(
                f"{display_name(path)}: network.cidr: found {vpc}; "
                f"allowed: a range apart from {other_vpc} of {display_name(other)}"
            )


def _read_vpc_range(path: Path) -> ipaddress.IPv4Network | None:
    """Return the VPC range in a stage file, or None if the file has errors.

    Loading the other stage reports its errors.
    """
    try:
        return ipaddress.IPv4Network(read_stage_file(path)["network"]["cidr"])
    except (SettingsError, KeyError, TypeError, ValueError):
        return None
