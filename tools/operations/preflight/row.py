"""The rows of the table that preflight prints."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from settings import StageSettings

if TYPE_CHECKING:
    from boto3 import Session


class Status(Enum):
    """The result of a check."""

    OK = "ok"
    MISSING = "missing"
    """The deployment would fail, or what it creates would not work."""
    UNKNOWN = "unknown"
    """The check could not be made, for example because a permission is missing."""


@dataclass(frozen=True)
class Row:
    """The result of one check, in one line."""

    subject: str
    status: Status
    found: str
    allowed: str = ""
    """What is allowed; empty if the status is OK."""
    fix: str = ""
    """The command or the setting that corrects what was found; empty if the status is OK."""

    @property
    def text(self) -> str:
        """What was found, what is allowed, and how to correct it."""
        parts = [
            self.found,
            self.allowed and f"allowed: {self.allowed}",
            self.fix and f"fix: {self.fix}",
        ]
        return " ".join("; ".join(filter(None, parts)).split())


Check: TypeAlias = "Callable[[Session, StageSettings], list[Row]]"


def ok(subject: str, found: str) -> Row:
    """Return a row of a successful check."""
    return Row(subject, Status.OK, found)


def missing(subject: str, found: str, *, allowed: str, fix: str) -> Row:
    """Return a row of a failed check."""
    return Row(subject, Status.MISSING, found, allowed, fix)


def unknown(subject: str, found: str, *, allowed: str = "", fix: str = "") -> Row:
    """Return a row of a check that could not be made."""
    return Row(subject, Status.UNKNOWN, found, allowed, fix)


def format_table(rows: Iterable[Row]) -> str:
    """Return the rows as lines: status, subject, and what was found."""
    rows = list(rows)
    width = max((len(row.subject) for row in rows), default=0)
    return "\n".join(f"{row.status.value:7}  {row.subject:{width}}  {row.text}" for row in rows)
