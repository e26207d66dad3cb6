"""Reads a stage file: YAML with unique keys."""

from pathlib import Path
from typing import Any

import yaml

from settings.base import SettingsError


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that occurs twice. YAML forbids it, and PyYAML takes the last value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key, (key_node, _) in zip(keys, node.value, strict=True):
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def read_stage_file(path: Path) -> dict[str, Any]:
    """Return the values of a stage file.

    Raises:
        SettingsError: the file cannot be read, is not valid YAML, is not a mapping, or names the
            stage, which its file name does.
    """
    name = display_name(path)
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        one_line = " ".join(str(error).split())
        raise SettingsError(f"{name}: not valid YAML: {one_line}") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        found = type(values).__name__
        raise SettingsError(f"{name}: found a {found}; allowed: a mapping of settings")
    if "stage" in values:
        raise SettingsError(f"{name}: stage: the file's name says it; allowed: no such key")
    return values


def display_name(path: Path) -> str:
    """Return the name of a stage file for messages, such as settings/staging.yaml."""
    return f"{path.parent.name}/{path.name}"
