"""Stage files that differ from the real ones in a few settings, and the errors that they cause."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import SettingsError, load_stage
from settings.loading import SETTINGS_FOLDER


def write_stage_file(
    folder: Path, changes: dict[str, Any], *, section: str = "", stage: str = "staging"
) -> Path:
    """Write a copy of a stage file with some changes, and return its folder.

    Args:
        folder: where to write the copy.
        changes: values by their dotted keys, such as network.cidr. None removes a setting.
        section: the section that the keys are relative to.
        stage: the name of the stage.
    """
    values = yaml.safe_load((SETTINGS_FOLDER / f"{stage}.yaml").read_text())
    for dotted_key, value in changes.items():
        *parents, key = ".".join(filter(None, [section, dotted_key])).split(".")
        mapping = values
        for parent in parents:
            mapping = mapping.setdefault(parent, {})
        if value is None:
            del mapping[key]
        else:
            mapping[key] = value
    (folder / f"{stage}.yaml").write_text(yaml.safe_dump(values))
    return folder


def error_message(folder: Path, stage: str = "staging") -> str:
    """Return the message of the error that loading the stage raises."""
    with pytest.raises(SettingsError) as caught:
        load_stage(stage, folder)
    return str(caught.value)


def check_refused(
    folder: Path,
    changes: dict[str, Any],
    expected: str,
    *,
    section: str = "",
    stage: str = "staging",
) -> None:
    """Check that changes of a stage file are refused with one message of one line.

    Args:
        folder: an empty folder.
        changes: as for `write_stage_file`.
        expected: the start of the message, from the section's key on.
        section: as for `write_stage_file`.
        stage: the name of the stage.
    """
    message = error_message(write_stage_file(folder, changes, section=section, stage=stage), stage)
    prefix = f"{section}." if section else ""
    assert message.startswith(f"{folder.name}/{stage}.yaml: {prefix}{expected}")
    assert len(message.splitlines()) == 1
