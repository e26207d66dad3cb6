"""When an expression of EventBridge Scheduler fires: as much of its cron as the stacks use."""

import calendar
import datetime as dt
import re
from collections.abc import Iterator

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def times(expression: str, year: int) -> list[dt.datetime]:
    """Return every moment of a year at which `cron(...)` fires, in UTC."""
    inside = re.fullmatch(r"cron\((.+)\)", expression)
    assert inside, expression
    minute, hour, day, months, weekday, any_year = inside.group(1).split()
    assert any_year == "*" and (day == "?") != (weekday == "?"), expression
    chosen = range(1, 13) if months == "*" else [int(month) for month in months.split(",")]
    return [
        dt.datetime(year, month, number, int(hour), int(minute), tzinfo=dt.UTC)
        for month in chosen
        for number in _days_of(year, month, day, weekday)
    ]


def _days_of(year: int, month: int, day: str, weekday: str) -> Iterator[int]:
    last = calendar.monthrange(year, month)[1]
    if weekday == "?":
        yield from [int(day)] if int(day) <= last else []
        return
    name, _, which = weekday.partition("#")
    found = [
        number
        for number in range(1, last + 1)
        if dt.date(year, month, number).weekday() == _DAYS.index(name)
    ]
    yield from [found[int(which) - 1]] if which else found
