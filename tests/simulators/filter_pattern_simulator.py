"""CloudWatch Logs' filter patterns for JSON, as far as this project uses them.

Comparisons of a field with a text or a number, or its absence, joined by && and || in parentheses
("Filter pattern syntax for metric filters"). Anything else is an error, not a guess.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

Line = dict[str, Any]

_TOKEN = re.compile(
    r'\s*(?:(?P<path>\$\.[\w.]+)|"(?P<text>[^"]*)"|(?P<number>-?\d+(?:\.\d+)?)'
    r"|(?P<missing>NOT EXISTS)|(?P<sign>&&|\|\||>=|<=|!=|[=<>(){}]))"
)
_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matches(pattern: str, line: Line) -> bool:
    """Return whether a filter takes a line."""
    return _Parser(pattern).parse()(line)


def value(path: str, line: Line) -> Any:
    """Return the field that a path like `$.kubernetes.pod_name` leads to; None without one."""
    found: Any = line
    for key in path.removeprefix("$.").split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(pattern.rstrip()):
            match = _TOKEN.match(pattern, position)
            if match is None:
                raise ValueError(f"filter pattern: found {pattern[position:]!r}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind)))
            position = match.end()

    def parse(self) -> Callable[[Line], bool]:
        self._take("{")
        condition = self._any()
        self._take("}")
        if self._tokens:
            raise ValueError(f"filter pattern: found {self._tokens}; allowed: its end")
        return condition

    def _any(self) -> Callable[[Line], bool]:
        parts = [self._all()]
        while self._next("||"):
            parts.append(self._all())
        return lambda line: any(part(line) for part in parts)

    def _all(self) -> Callable[[Line], bool]:
        parts = [self._one()]
        while self._next("&&"):
            parts.append(self._one())
        return lambda line: all(part(line) for part in parts)

    def _one(self) -> Callable[[Line], bool]:
        if self._next("("):
            condition = self._any()
            self._take(")")
            return condition
        kind, path = self._tokens.pop(0)
        kind_of_sign, sign = self._tokens.pop(0)
        if kind_of_sign == "missing":
            return lambda line: value(path, line) is None
        expected_kind, expected = self._tokens.pop(0)
        if kind != "path":
            raise ValueError(f"filter pattern: found {path}; allowed: a field")
        if expected_kind == "text":
            wanted = {"=": True, "!=": False}[sign]
            # Of a field that is missing neither is true: a pattern has to say what it wants then.
            return lambda line: (
                (found := value(path, line)) is not None and (found == expected) == wanted
            )
        compare = _NUMERIC[sign]

        def numeric(line: Line) -> bool:
            found = value(path, line)
            return isinstance(found, int | float) and compare(found, float(expected))

        return numeric

    def _next(self, sign: str) -> bool:
        if self._tokens and self._tokens[0] == ("sign", sign):
            self._tokens.pop(0)
            return True
        return False

    def _take(self, sign: str) -> None:
        if not self._next(sign):
            raise ValueError(f"filter pattern: found {self._tokens[:1]}; allowed: {sign}")
