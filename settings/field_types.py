"""Types and validators of fields that several settings share."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator

from settings.regions import REGIONS

Value = TypeVar("Value")

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The numbers that PutRetentionPolicy accepts (Amazon CloudWatch Logs API Reference)."""


@dataclass(frozen=True)
class OneOf(AfterValidator):
    """A validator that accepts only some values, which can be read from the annotation."""

    allowed: tuple[Any, ...] = ()


def one_of(allowed: Collection[Value], unit: str = "") -> OneOf:
    """Return a validator that accepts only these values.

    A `Literal` would do the same, but mypy does not accept one that is built from a table.
    """

    def check(value: Value) -> Value:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(map(str, allowed))}{f' ({unit})' if unit else ''}")
        return value

    return OneOf(check, tuple(allowed))


def matching(pattern: str, description: str) -> AfterValidator:
    """Return a validator that accepts only text that matches a regular expression.

    Args:
        pattern: the regular expression of the whole text.
        description: what is allowed, for the error message, with an example.
    """

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(description)
        return value

    return AfterValidator(check)


def each_once(noun: str) -> AfterValidator:
    """Return a validator that refuses a value that occurs twice.

    Args:
        noun: what the values are, for the error message.
    """

    def check(values: tuple[Value, ...]) -> tuple[Value, ...]:
        if len(set(values)) != len(values):
            raise ValueError(f"each {noun} once")
        return values

    return AfterValidator(check)


Region = Annotated[str, one_of(REGIONS)]

RetentionDays = Annotated[int, one_of(LOG_RETENTION_DAYS, "days")]
"""How many days CloudWatch Logs keeps the events of a log group."""
