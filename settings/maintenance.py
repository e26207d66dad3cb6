"""Settings of planned maintenance: the weekly window, what happens in it, and the backup window."""

import re
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import each_once

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
"""The abbreviations of RDS, ElastiCache and EventBridge."""
_TIME_PATTERN = r"([01]\d|2[0-3]):[0-5]\d"
_MINUTES_PER_DAY = 24 * 60
_MINUTES_PER_WEEK = 7 * _MINUTES_PER_DAY
_SHORTEST_WINDOW_MINUTES = 60
"""ElastiCache refuses shorter windows (CreateReplicationGroup). RDS accepts 30 minutes."""


def _check_weekly_window(value: str) -> str:
    days = "|".join(DAYS)
    if not re.fullmatch(rf"({days}):{_TIME_PATTERN}-({days}):{_TIME_PATTERN}", value):
        raise ValueError("a window in UTC such as sun:02:00-sun:04:00")
    return value


def _check_daily_window(value: str) -> str:
    if not re.fullmatch(rf"{_TIME_PATTERN}-{_TIME_PATTERN}", value):
        raise ValueError("a window in UTC such as 00:30-01:30")
    return value


def _check_months(values: tuple[int, ...]) -> tuple[int, ...]:
    if not values:
        raise ValueError("one or more months")
    return values


class WindowStart(NamedTuple):
    """A minute of the week, in UTC."""

    day: str
    """One of `DAYS`."""
    hour: int
    minute: int


class FullHour(NamedTuple):
    """An hour of the week, in UTC."""

    day: str
    """One of `DAYS`."""
    hour: int


WeekOfMonth = Literal[2, 3, 4]
"""The second, third or fourth window of a month.

A schedule announces a window seven days before it, in the same month. The first window of a month
cannot be announced in this way, and most months have no fifth window.
"""
Months = Annotated[
    tuple[Annotated[int, Field(ge=1, le=12)], ...],
    AfterValidator(_check_months),
    each_once("month"),
]


class MaintenanceSettings(Settings):
    """The weekly maintenance window, the work that is planned in it, and the backup window.

    AWS may maintain PostgreSQL and Redis in the window of every week. Other work has a fixed week
    of the month, so that a schedule can announce it. An announcement of every window would mostly
    announce nothing, and people would stop reading it.
    """

    weekly_window: Annotated[str, AfterValidator(_check_weekly_window)] = "sun:02:00-sun:04:00"
    """The maintenance window in UTC. AWS maintains PostgreSQL and Redis in it. Passwords rotate in
    the hours after it. The default is the design's."""
    node_patch_week: WeekOfMonth = 2
    """The window of the month in which the nodes are replaced, one by one, by nodes with the latest
    AMI."""
    kubernetes_upgrade_week: WeekOfMonth = 3
    """The window of the month in which a team upgrades Kubernetes. It is another one than that of
    the nodes, so that a failure has one possible cause."""
    kubernetes_upgrade_months: Months = (1, 5, 9)
    """The months of Kubernetes upgrades, from 1 to 12. EKS releases a version about every four
    months, and supports it for 14 months."""
    daily_backup_window: Annotated[str, AfterValidator(_check_daily_window)] = "00:30-01:30"
    """The time in UTC in which RDS and ElastiCache start their daily snapshots."""

    @property
    def window_start(self) -> WindowStart:
        """Return the start of the weekly window."""
        start, _ = self._weekly_minutes
        day, minute_of_day = divmod(start, _MINUTES_PER_DAY)
        return WindowStart(DAYS[day], *divmod(minute_of_day, 60))

    @property
    def window_minutes(self) -> int:
        """Return the length of the weekly window."""
        start, end = self._weekly_minutes
        return end - start

    @property
    def window_text(self) -> str:
        """Return the weekly window as a text, such as Sunday 02:00 to Sunday 04:00 UTC."""
        ends = (end.split(":", 1) for end in self.weekly_window.split("-"))
        return " to ".join(f"{_DAY_NAMES[day]} {time}" for day, time in ends) + " UTC"

    def rotation_hour(self, slot: int) -> FullHour:
        """Return the hour of a rotation slot.

        A rotation in the window could fail, because AWS may restart the data store. Secrets Manager
        starts rotations on the hour. Slot 0 is the first full hour after the weekly window, and
        each further slot is an hour later.
        """
        _, end = self._weekly_minutes
        first_hour = -(-end // 60)
        day, hour = divmod((first_hour + slot) % (7 * 24), 24)
        return FullHour(DAYS[day], hour)

    def is_in_weekly_window(self, minute_of_week: int) -> bool:
        """Return whether a minute, counted from Monday 00:00 UTC, is in the weekly window."""
        start, end = self._weekly_minutes
        # A window that spans the end of the week also covers the first minutes of the week.
        return start <= minute_of_week < end or start <= minute_of_week + _MINUTES_PER_WEEK < end

    @property
    def _weekly_minutes(self) -> tuple[int, int]:
        """Return the start and the end of the weekly window in minutes since Monday 00:00.

        The end of a window that spans the end of the week is in the next week.
        """
        start, end = (
            DAYS.index(text[:3]) * _MINUTES_PER_DAY + _minute_of_day(text[4:])
            for text in self.weekly_window.split("-")
        )
        return start, end if end > start else end + _MINUTES_PER_WEEK

    @property
    def _daily_minutes(self) -> tuple[int, int]:
        start, end = map(_minute_of_day, self.daily_backup_window.split("-"))
        return start, end if end > start else end + _MINUTES_PER_DAY

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        allowed = f"at least {_SHORTEST_WINDOW_MINUTES} minutes and less than a day"
        for key, (start, end) in (
            ("weekly_window", self._weekly_minutes),
            ("daily_backup_window", self._daily_minutes),
        ):
            if not _SHORTEST_WINDOW_MINUTES <= end - start < _MINUTES_PER_DAY:
                raise invalid_setting(key, getattr(self, key), allowed)
        return self

    @model_validator(mode="after")
    def _check_weeks_differ(self) -> Self:
        if self.kubernetes_upgrade_week == self.node_patch_week:
            raise invalid_setting(
                "kubernetes_upgrade_week",
                self.kubernetes_upgrade_week,
                f"another week than node_patch_week, {self.node_patch_week}: after two changes "
                "in one window nobody knows which one broke something",
            )
        return self

    @model_validator(mode="after")
    def _check_windows_do_not_overlap(self) -> Self:
        """Compare the weekly window with the backup windows of the days around it.

        RDS and ElastiCache refuse windows that overlap.
        """
        start, end = self._weekly_minutes
        backup_start, backup_end = self._daily_minutes
        for day in range(-1, 9):
            offset = day * _MINUTES_PER_DAY
            if backup_start + offset < end and start < backup_end + offset:
                raise invalid_setting(
                    "daily_backup_window",
                    self.daily_backup_window,
                    f"a window that does not overlap weekly_window, {self.weekly_window}",
                )
        return self


def _minute_of_day(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
