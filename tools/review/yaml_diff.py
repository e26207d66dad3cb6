"""Compares two values of templates as YAML, line by line."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping

import yaml

from tools.guard.reference import is_function
from tools.templates.schemas import JsonValue
from tools.templates.text import as_text

_CONTEXT_LINES = 3


def yaml_diff(title: str, old: JsonValue, new: JsonValue) -> str:
    """Return the changed lines with the lines around them; empty if the values are equal.

    Args:
        title: the name of the value, in the first line.
        old: the value before; None if there was none.
        new: the value after; None if there is none.
    """
    if _to_json(old) == _to_json(new):
        return ""
    before, after = _to_lines(old), _to_lines(new)
    difference = difflib.unified_diff(before, after, lineterm="", n=_CONTEXT_LINES)
    # The first two lines name files, which the values are not. "@@ -1,2 +3,4 @@" has line numbers
    # of no file.
    lines = ["@@" if re.match(r"@@ -\d", line) else line for line in list(difference)[2:]]
    if not lines:
        return ""
    return "\n".join([f"# {title}", *(lines[1:] if lines[0] == "@@" else lines)])


def readable(value: JsonValue) -> JsonValue:
    """Return a value of a template with each intrinsic function as a text in `${}`."""
    if isinstance(value, Mapping):
        if is_function(value):
            return as_text(value)
        return {name: readable(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    return value


def _to_json(value: JsonValue) -> str:
    """Return a text that is equal for equal values.

    JSON takes a hundredth of the time of YAML, and most values of two templates are equal. The
    values themselves cannot be compared, because True is equal to 1 in Python.
    """
    return json.dumps(value, sort_keys=True)


def _to_lines(value: JsonValue) -> list[str]:
    if value is None:
        return []
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=100)
    return text.rstrip("\n").split("\n")


class _Dumper(yaml.SafeDumper):
    """Writes equal values out instead of using YAML aliases, and long texts as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True
