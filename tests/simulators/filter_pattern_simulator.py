"""Matches log events with the JSON filter patterns of CloudWatch Logs that this project uses.

It supports comparisons of a field with a string or a number, and tests for a missing field. Both
can be combined with &&, || and parentheses ("Filter pattern syntax for metric filters"). Any other
syntax raises ValueError.
"""

import operator
import re
from collections.abc import Callable
from typing import Any

LogEvent = dict[str, Any]

_TOKEN = re.compile(
    r'\s*(?:(?P<path>\$\.[\w.]+)|"(?P<text>[^"]*)"|(?P<number>-?\d+(?:\.\d+)?)'
    r"|(?P<missing>NOT EXISTS)|(?P<sign>&&|\|\||>=|<=|!=|[=<>(){}]))"
)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matches(pattern: str, event: LogEvent) -> bool:
    """Return whether a filter pattern matches a log event."""
    return _Parser(pattern).parse()(event)


def field_value(path: str, event: LogEvent) -> Any:
    """Return the value of a field such as `$.kubernetes.pod_name`; None if it is missing."""
    value: Any = event
    for key in path.removeprefix("$.").split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


class _Parser:
    """A recursive descent parser, whose methods return predicates of log events."""

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

    def parse(self) -> Callable[[LogEvent], bool]:
        self._expect("{")
        condition = self._any()
        self._expect("}")
        if self._tokens:
            raise ValueError(f"filter pattern: found {self._tokens}; allowed: its end")
        return condition

    def _any(self) -> Callable[[LogEvent], bool]:
        conditions = [self._all()]
        while self._accept("||"):
            conditions.append(self._all())
        return lambda event: any(condition(event) for condition in conditions)

    def _all(self) -> Callable[[LogEvent], bool]:
        conditions = [self._condition()]
        while self._accept("&&"):
            conditions.append(self._condition())
        return lambda event: all(condition(event) for condition in conditions)

    def _condition(self) -> Callable[[LogEvent], bool]:
        if self._accept("("):
            condition = self._any()
            self._expect(")")
            return condition
        path_kind, path = self._tokens.pop(0)
        operator_kind, operator_sign = self._tokens.pop(0)
        if operator_kind == "missing":
            return lambda event: field_value(path, event) is None
        operand_kind, operand = self._tokens.pop(0)
        if path_kind != "path":
            raise ValueError(f"filter pattern: found {path}; allowed: a field")
        if operand_kind == "text":
            return _string_condition(path, operator_sign, operand)
        return _number_condition(path, operator_sign, float(operand))

    def _accept(self, sign: str) -> bool:
        if self._tokens and self._tokens[0] == ("sign", sign):
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise ValueError(f"filter pattern: found {self._tokens[:1]}; allowed: {sign}")


def _string_condition(path: str, operator_sign: str, operand: str) -> Callable[[LogEvent], bool]:
    is_equal = {"=": True, "!=": False}[operator_sign]

    def condition(event: LogEvent) -> bool:
        value = field_value(path, event)
        # A missing field is neither equal nor unequal.
        return value is not None and (value == operand) == is_equal

    return condition


def _number_condition(path: str, operator_sign: str, operand: float) -> Callable[[LogEvent], bool]:
    compare = _COMPARISONS[operator_sign]

    def condition(event: LogEvent) -> bool:
        value = field_value(path, event)
        return isinstance(value, int | float) and compare(value, operand)

    return condition
