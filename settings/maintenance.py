"""When AWS may work on the data stores, and when it copies them."""

import re
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, model_validator

from settings.base import Settings, reject

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_SHORTEST_MINUTES = 60
"""ElastiCache refuses shorter windows (CreateReplicationGroup); RDS would take 30 minutes."""


def _weekly_window(value: str) -> str:
    days = "|".join(_DAYS)
    if not re.fullmatch(rf"({days}):{_TIME}-({days}):{_TIME}", value):
        raise ValueError("a window in UTC such as sun:02:00-sun:04:00")
    return value


def _daily_window(value: str) -> str:
    if not re.fullmatch(rf"{_TIME}-{_TIME}", value):
        raise ValueError("a window in UTC such as 00:30-01:30")
    return value


class FullHour(NamedTuple):
    """An hour of the week, in UTC."""

    day: str
    hour: int


class MaintenanceSettings(Settings):
    """The design's window, and the one of the backups, which AWS keeps apart."""

    weekly_window: Annotated[str, AfterValidator(_weekly_window)] = "sun:02:00-sun:04:00"
    """UTC. PostgreSQL and Redis are patched in it, and passwords are rotated from its first full
    hour on."""
    daily_backup_window: Annotated[str, AfterValidator(_daily_window)] = "00:30-01:30"
    """UTC. Backups of PostgreSQL and snapshots of Redis start in it."""

    def rotation_hour(self, turn: int) -> FullHour:
        """Return the hour of a password's turn, counted from the window's first full hour.

        Secrets Manager starts rotations on the hour only.
        """
        start, _ = self._weekly_minutes
        hours = (-(-start // 60) + turn) % (7 * 24)
        return FullHour(_DAYS[hours // 24], hours % 24)

    def is_window(self, minute_of_week: int) -> bool:
        """Return whether a minute, counted from Monday 00:00 UTC, is in the weekly window."""
        start, end = self._weekly_minutes
        return start <= minute_of_week < end or start <= minute_of_week + _WEEK_MINUTES < end

    @property
    def _weekly_minutes(self) -> tuple[int, int]:
        """Return start and end in minutes since Monday 00:00; the end may be in the next week."""
        start, end = (
            _DAYS.index(text[:3]) * _DAY_MINUTES + _minutes(text[4:])
            for text in self.weekly_window.split("-")
        )
        return start, end if end > start else end + _WEEK_MINUTES

    @property
    def _daily_minutes(self) -> tuple[int, int]:
        start, end = map(_minutes, self.daily_backup_window.split("-"))
        return start, end if end > start else end + _DAY_MINUTES

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        allowed = f"at least {_SHORTEST_MINUTES} minutes and less than a day"
        for key, (start, end) in (
            ("weekly_window", self._weekly_minutes),
            ("daily_backup_window", self._daily_minutes),
        ):
            if not _SHORTEST_MINUTES <= end - start < _DAY_MINUTES:
                reject(key, getattr(self, key), allowed)
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        start, end = self._weekly_minutes
        backup_start, backup_end = self._daily_minutes
        for day in range(-1, 9):
            shift = day * _DAY_MINUTES
            if backup_start + shift < end and start < backup_end + shift:
                reject(
                    "daily_backup_window",
                    self.daily_backup_window,
                    f"a window that does not overlap weekly_window, {self.weekly_window}",
                )
        return self


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
