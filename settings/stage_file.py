"""Reads a stage file: YAML with unique keys, whose numbers are decimal."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


_DECIMAL = r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)"
_NUMBER_TAGS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


@dataclass(frozen=True)
class StageFile:
    """The values of a stage file, and the text that they have in it."""

    values: dict[str, Any]
    root: yaml.Node

    def source_text(self, location: Sequence[str | int]) -> str | None:
        """Return the text of a scalar, such as 1.30 where the value is 1.3.

        Args:
            location: the keys and the positions in lists that lead to the value.

        Returns:
            None where the file has no scalar at this location.
        """
        node: yaml.Node | None = self.root
        for part in location:
            node = _child(node, part)
        return node.value if isinstance(node, yaml.ScalarNode) else None


def read_stage_file(path: Path) -> StageFile:
    """Read a stage file.

    Raises:
        SettingsError: the file cannot be read, is not valid YAML, is not a mapping, writes a number
            in a form that only YAML 1.1 has, or names the stage, which its file name does.
    """
    name = display_name(path)
    try:
        loader = _UniqueKeyLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        values = loader.construct_document(root) if root else None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        one_line = " ".join(str(error).split())
        raise SettingsError(f"{name}: not valid YAML: {one_line}") from None
    if root is None or not isinstance(values, dict) or not _has_text_keys(values):
        found = type(values).__name__
        raise SettingsError(f"{name}: found a {found}; allowed: a mapping of settings")
    if "stage" in values:
        raise SettingsError(f"{name}: stage: the file's name says it; allowed: no such key")
    ambiguous = [f"{name}: {message}" for message in _ambiguous_numbers(root)]
    if ambiguous:
        raise SettingsError("\n".join(ambiguous))
    return StageFile(values, root)


def display_name(path: Path) -> str:
    """Return the name of a stage file for messages, such as settings/staging.yaml."""
    return f"{path.parent.name}/{path.name}"


def _has_text_keys(values: dict[Any, Any]) -> bool:
    return all(isinstance(key, str) for key in values)


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return None


def _ambiguous_numbers(node: yaml.Node, key: str = "") -> Iterator[str]:
    """Yield a message for each number that YAML 1.1 and 1.2 read as different values.

    YAML 1.1, which PyYAML reads, takes 1:00 for 60 and 0123 for 83.
    """
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _ambiguous_numbers(value, f"{key}.{name.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _ambiguous_numbers(value, f"{key}.{index}")
    elif isinstance(node, yaml.ScalarNode) and node.style is None and _is_ambiguous(node):
        text = node.value
        yield f"{key}: found {text}; allowed: a decimal number, or text in quotes: '{text}'"


def _is_ambiguous(node: yaml.ScalarNode) -> bool:
    if node.tag in _NUMBER_TAGS:
        return not re.fullmatch(_DECIMAL, node.value, re.IGNORECASE)
    return bool(re.fullmatch(r"0[0-9]+", node.value))
