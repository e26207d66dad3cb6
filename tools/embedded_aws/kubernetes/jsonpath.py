"""Reads values from an object by paths of kubectl's JSONPath.

Field names, indices and comparisons with a text are supported.
"""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"\.?(?:\['([^']+)'\]|\[(\d+)\]|((?:[^.\[\\]|\\.)+))|\.")
_FILTER = re.compile(r'(.*)\[\?\(@\.(\w+)=="([^"]*)"\)\](.*)')


class JsonPathError(ValueError):
    """The path is not supported."""


def read(document: Any, path: str) -> str:  # noqa: ANN401 - any JSON
    r"""Return the value at `path` as kubectl prints it; empty if there is none.

    Field names, list indices and `['name']` are supported (`.status.loadBalancer.ingress[0].ip`),
    and one filter (`.status.conditions[?(@.type=="Complete")].status`). A dot in a name is written
    `\.`. The results of several paths, separated by `}{`, are joined.

    Raises:
        JsonPathError: the path has another filter, a wildcard or a range.
    """
    return "".join(_read(document, part) for part in path.split("}{"))


def _read(document: Any, path: str) -> str:  # noqa: ANN401 - any JSON
    match = _FILTER.fullmatch(path)
    if match:
        items, field, value, rest = match.groups()
        found = _find(document, items)
        chosen = [item for item in found or () if item.get(field) == value]
        return " ".join(_printed(_find(item, rest)) for item in chosen)
    return _printed(_find(document, path))


def _find(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    value = document
    for step in _steps(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _printed(value: Any) -> str:  # noqa: ANN401 - any JSON
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
