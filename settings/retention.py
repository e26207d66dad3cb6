"""The retention times that CloudWatch Logs knows."""

from typing import Annotated

from pydantic import AfterValidator

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""PutRetentionPolicy of the CloudWatch Logs API reference; no other number is accepted."""


def _known(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        raise ValueError(f"one of {', '.join(map(str, LOG_RETENTION_DAYS))} (days)")
    return days


RetentionDays = Annotated[int, AfterValidator(_known)]
