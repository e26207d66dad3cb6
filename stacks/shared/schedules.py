"""Schedule expressions of EventBridge Scheduler for the maintenance window, in UTC."""

from settings.maintenance import WindowStart


def weekly(start: WindowStart) -> str:
    """Return an expression for the start of the window in every week."""
    return f"cron({start.minute} {start.hour} ? * {start.day.upper()} *)"


def monthly(start: WindowStart, week: int, months: tuple[int, ...] = ()) -> str:
    """Return an expression for the start of the window in one week of the month.

    Args:
        start: The start of the window.
        week: Which of the month's windows, from 1.
        months: The months of the year; every month if empty.
    """
    months_field = ",".join(map(str, months)) or "*"
    return f"cron({start.minute} {start.hour} ? {months_field} {start.day.upper()}#{week} *)"
