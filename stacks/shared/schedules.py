"""Expressions of EventBridge Scheduler for the maintenance window, in UTC."""

from settings.maintenance import WindowStart


def weekly(start: WindowStart) -> str:
    """Return the schedule of every week's window."""
    return f"cron({start.minute} {start.hour} ? * {start.day.upper()} *)"


def monthly(start: WindowStart, week: int, months: tuple[int, ...] = ()) -> str:
    """Return the schedule of the month's first, second ... window; every month if none is named."""
    named = ",".join(map(str, months)) or "*"
    return f"cron({start.minute} {start.hour} ? {named} {start.day.upper()}#{week} *)"
