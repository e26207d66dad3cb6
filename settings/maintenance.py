"""When planned work is done, when it is announced, and when AWS copies the data stores."""

import re
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject

_DAY_NAMES = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
DAYS = tuple(_DAY_NAMES)
"""As RDS, ElastiCache and EventBridge write them."""
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_SHORTEST_MINUTES = 60
"""ElastiCache refuses shorter windows (CreateReplicationGroup); RDS would take 30 minutes."""


def _weekly_window(value: str) -> str:
    days = "|".join(DAYS)
    if not re.fullmatch(rf"({days}):{_TIME}-({days}):{_TIME}", value):
        raise ValueError("a window in UTC such as sun:02:00-sun:04:00")
    return value


def _daily_window(value: str) -> str:
    if not re.fullmatch(rf"{_TIME}-{_TIME}", value):
        raise ValueError("a window in UTC such as 00:30-01:30")
    return value


class WindowStart(NamedTuple):
    """A minute of the week, in UTC."""

    day: str
    hour: int
    minute: int


class FullHour(NamedTuple):
    """An hour of the week, in UTC."""

    day: str
    hour: int


WeekOfMonth = Literal[2, 3, 4]
"""Which of the month's windows. Not the first, whose announcement would fall into the month
before, and not the fifth, which most months lack."""
Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1)]


class MaintenanceSettings(Settings):
    """The design's window, what is done in it, and the one of the backups, which AWS keeps apart.

    AWS may use each week's window for the data stores. What we do ourselves has a fixed place in
    the calendar, so that it is announced by a fixed schedule: a mail a week that nothing happens
    would be read by nobody.
    """

    weekly_window: Annotated[str, AfterValidator(_weekly_window)] = "sun:02:00-sun:04:00"
    """UTC. PostgreSQL and Redis are patched in it, and passwords are rotated from its first full
    hour on."""
    node_patch_week: WeekOfMonth = 2
    """The nodes take the newest AMI in this window of each month, one node after the other."""
    kubernetes_upgrade_week: WeekOfMonth = 3
    """A Kubernetes upgrade that is due takes this window: another one than the patches."""
    kubernetes_upgrade_months: Months = (1, 5, 9)
    """EKS brings a version about every four months, and supports each for fourteen."""
    daily_backup_window: Annotated[str, AfterValidator(_daily_window)] = "00:30-01:30"
    """UTC. Backups of PostgreSQL and snapshots of Redis start in it."""

    @property
    def window_start(self) -> WindowStart:
        """Return when the weekly window opens."""
        start, _ = self._weekly_minutes
        minute_of_day = start % _DAY_MINUTES
        return WindowStart(DAYS[start // _DAY_MINUTES], *divmod(minute_of_day, 60))

    @property
    def window_minutes(self) -> int:
        """Return how long the weekly window is."""
        start, end = self._weekly_minutes
        return end - start

    @property
    def window_text(self) -> str:
        """Return the weekly window as people write it, such as Sunday 02:00 to Sunday 04:00 UTC."""
        ends = (end.split(":", 1) for end in self.weekly_window.split("-"))
        return " to ".join(f"{_DAY_NAMES[day]} {time}" for day, time in ends) + " UTC"

    def rotation_hour(self, turn: int) -> FullHour:
        """Return the hour of a password's turn, counted from the window's first full hour.

        Secrets Manager starts rotations on the hour only.
        """
        start, _ = self._weekly_minutes
        hours = (-(-start // 60) + turn) % (7 * 24)
        return FullHour(DAYS[hours // 24], hours % 24)

    def is_in_weekly_window(self, minute_of_week: int) -> bool:
        """Return whether a minute, counted from Monday 00:00 UTC, is in the weekly window."""
        start, end = self._weekly_minutes
        return start <= minute_of_week < end or start <= minute_of_week + _WEEK_MINUTES < end

    @property
    def _weekly_minutes(self) -> tuple[int, int]:
        """Return start and end in minutes since Monday 00:00; the end may be in the next week."""
        start, end = (
            DAYS.index(text[:3]) * _DAY_MINUTES + _minutes(text[4:])
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
    def _one_activity_a_window(self) -> Self:
        if self.kubernetes_upgrade_week == self.node_patch_week:
            reject(
                "kubernetes_upgrade_week",
                self.kubernetes_upgrade_week,
                f"another week than node_patch_week, {self.node_patch_week}: after two changes "
                "in one window nobody knows which one broke something",
            )
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
