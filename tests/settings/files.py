"""Stage files that differ from the real ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import SettingsError, load_stage
from settings.loading import SETTINGS_FOLDER


def write(folder: Path, changes: dict[str, Any], section: str = "") -> Path:
    """Write a staging file that differs from the real one in `changes`, by dotted key.

    The keys are relative to `section`. None takes a setting away.
    """
    values = yaml.safe_load((SETTINGS_FOLDER / "staging.yaml").read_text())
    for dotted, value in changes.items():
        *parents, key = ".".join(filter(None, [section, dotted])).split(".")
        target = values
        for parent in parents:
            target = target.setdefault(parent, {})
        if value is None:
            del target[key]
        else:
            target[key] = value
    (folder / "staging.yaml").write_text(yaml.safe_dump(values))
    return folder


def message(folder: Path, stage: str = "staging") -> str:
    """Return the one message that a folder's stage is refused with."""
    with pytest.raises(SettingsError) as caught:
        load_stage(stage, folder)
    return str(caught.value)
