"""Reads a stage file: YAML with unique keys, whose numbers are decimal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from settings.base import SettingsError


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that occurs twice. YAML forbids it, and PyYAML takes the last value.

    It also refuses what looks like a date or a number and is none, such as 2026-02-30. PyYAML
    raises a ValueError for it, which does not name the line.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            text = shorten(str(node.value))
            raise yaml.constructor.ConstructorError(
                None, None, f"{text} is no value, unless it is in quotes ({error})", node.start_mark
            ) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key, (key_node, _) in zip(keys, node.value, strict=True):
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


_DECIMAL = r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)"
_MAX_DIGITS = 15
_MAX_TEXT_LENGTH = 200
_INTEGER_TAG = "tag:yaml.org,2002:int"
_NUMBER_TAGS = (_INTEGER_TAG, "tag:yaml.org,2002:float")


@dataclass(frozen=True)
class StageFile:
    """The values of a stage file, and the text that they have in it."""

    values: dict[str, Any]
    root: yaml.Node | None

    def source_text(self, location: Sequence[str | int]) -> str | None:
        """Return the text of a scalar, such as 1.30 where the value is 1.3.

        Args:
            location: the keys and the positions in lists that lead to the value.

        Returns:
            None where the file has no scalar at this location.
        """
        node = self.root
        for part in location:
            node = _child(node, part)
        return node.value if isinstance(node, yaml.ScalarNode) else None


def read_stage_file(path: Path) -> StageFile:
    """Read a stage file.

    Raises:
        SettingsError: the file cannot be read, is not valid YAML, is not a mapping, has a whole
            number of more than 15 digits, has a number in a form that only YAML 1.1 has, or names
            the stage, which its file name does.
    """
    name = display_name(path)
    try:
        loader = _UniqueKeyLoader(path.read_text(encoding="utf-8"))
        loader.name = name
        root = loader.get_single_node()
        values = loader.construct_document(root) if root else None
        messages = list(_messages(root, values))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        one_line = " ".join(str(error).split())
        raise SettingsError(f"{name}: not valid YAML: {one_line}") from None
    except RecursionError:
        raise SettingsError(
            f"{name}: not valid YAML: a list or a mapping is nested too deeply, or in itself"
        ) from None
    if messages or not isinstance(values, dict):
        raise SettingsError("\n".join(f"{name}: {message}" for message in messages))
    return StageFile(values, root)


def _messages(root: yaml.Node | None, values: object) -> Iterator[str]:
    """Yield what is wrong with a document, whatever the settings are."""
    if not isinstance(values, dict):
        found = "an empty file" if root is None else f"a {type(values).__name__}"
        yield f"found {found}; allowed: a mapping of settings"
        return
    for key in values:
        if not isinstance(key, str):
            yield f"found the key {shorten(str(key))}; allowed: the name of a setting"
    if "stage" in values:
        yield "stage: the file's name says it; allowed: no such key"
    if root is not None:
        yield from _wrong_numbers(root)


def display_key(location: Iterable[object]) -> str:
    """Return the dotted key of a setting. A part that is no plain word is quoted."""
    parts = (str(part) for part in location)
    return ".".join(part if re.fullmatch(r"[\w-]+", part) else repr(part) for part in parts)


def shorten(text: str) -> str:
    """Return text for a message of one line, without control characters and not too long."""
    printable = text if text.isprintable() else repr(text)
    is_short = len(printable) <= _MAX_TEXT_LENGTH
    return printable if is_short else f"{printable[:_MAX_TEXT_LENGTH]}..."


def display_name(path: Path) -> str:
    """Return the name of a stage file for messages, such as settings/staging.yaml."""
    return f"{path.parent.name}/{path.name}"


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child
    return None


def _wrong_numbers(node: yaml.Node, location: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield a message for each number that is too long, or that has two values.

    YAML 1.1, which PyYAML reads, takes 1:00 for 60 and 0123 for 83. YAML 1.2 does not. A whole
    number of more than 15 digits may exceed what JSON holds exactly (RFC 8259, section 6).
    """
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _wrong_numbers(value, (*location, str(name.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _wrong_numbers(value, (*location, str(index)))
    elif isinstance(node, yaml.ScalarNode) and (allowed := _allowed_instead(node)):
        yield f"{display_key(location)}: found {shorten(node.value)}; allowed: {allowed}"


def _allowed_instead(node: yaml.ScalarNode) -> str | None:
    """Return what is allowed in place of a wrong number; None for any other scalar."""
    if node.style is not None:
        return None
    if _is_ambiguous(node):
        return f"a decimal number, or text in quotes: '{shorten(node.value)}'"
    if node.tag == _INTEGER_TAG and sum(map(str.isdigit, node.value)) > _MAX_DIGITS:
        return f"a whole number of at most {_MAX_DIGITS} digits, or text in quotes"
    return None


def _is_ambiguous(node: yaml.ScalarNode) -> bool:
    if node.tag in _NUMBER_TAGS:
        return not re.fullmatch(_DECIMAL, node.value, re.IGNORECASE)
    return bool(re.fullmatch(r"0[0-9]+", node.value))
