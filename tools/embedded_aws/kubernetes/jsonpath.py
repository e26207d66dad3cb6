"""Reads a value from an object by a path of kubectl's JSONPath. Only field names are supported."""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"\.?(?:\['([^']+)'\]|\[(\d+)\]|((?:[^.\[\\]|\\.)+))|\.")


class JsonPathError(ValueError):
    """The path is not supported."""


def read(document: Any, path: str) -> str:  # noqa: ANN401 - any JSON
    r"""Return the value at `path` as kubectl prints it; empty if there is none.

    Field names, list indices and `['name']` are supported (`.status.loadBalancer.ingress[0].ip`).
    A dot in a name is written `\.`.

    Raises:
        JsonPathError: the path has a filter, a wildcard or a range.
    """
    value = document
    for step in _steps(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or "*" in match.group() or "?" in match.group():
            raise JsonPathError(f"JSONPath {path!r}: only fields and indices are supported")
        quoted, index, name = match.groups()
        if index is not None:
            steps.append(int(index))
        elif quoted or name:
            steps.append(quoted or name.replace("\\.", "."))
        position = match.end()
    return steps
