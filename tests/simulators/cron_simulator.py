"""Computes when a cron expression of EventBridge Scheduler fires.

It supports the expressions of this project: one minute, one hour, days or weekdays, any year.
"""

import calendar
import datetime as dt
import re
from collections.abc import Iterator

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def firing_times(expression: str, year: int) -> list[dt.datetime]:
    """Return every time of a year at which `cron(...)` fires, in UTC."""
    match = re.fullmatch(r"cron\((.+)\)", expression)
    assert match, expression
    minute, hour, day, months, weekday, years = match.group(1).split()
    assert years == "*" and (day == "?") != (weekday == "?"), expression
    month_numbers = range(1, 13) if months == "*" else [int(month) for month in months.split(",")]
    return [
        dt.datetime(year, month, number, int(hour), int(minute), tzinfo=dt.UTC)
        for month in month_numbers
        for number in _days_of_month(year, month, day, weekday)
    ]


def _days_of_month(year: int, month: int, day: str, weekday: str) -> Iterator[int]:
    last_day = calendar.monthrange(year, month)[1]
    if weekday == "?":
        if int(day) <= last_day:
            yield int(day)
        return
    name, _, occurrence = weekday.partition("#")
    days = [
        number
        for number in range(1, last_day + 1)
        if dt.date(year, month, number).weekday() == _WEEKDAYS.index(name)
    ]
    yield from [days[int(occurrence) - 1]] if occurrence else days
