"""Monitoring settings: when an alarm goes off, and who hears of it."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from settings.base import Settings


def _dimension_values(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,24}", value):
            raise ValueError("at most 24 letters, digits, - and _ in each")
    if len(set(values)) != len(values):
        raise ValueError("each value once")
    return values


DimensionValues = Annotated[
    tuple[str, ...], AfterValidator(_dimension_values), Field(min_length=1, max_length=12)
]
"""Twelve at most: each is a metric, and a filter pattern takes 1,024 characters."""


class ThresholdSettings(Settings):
    """Where an alarm starts. Percentages are of what the resource has."""

    server_error_percent: float = Field(5, gt=0, le=100)
    """Answers with a 5xx status, of all answers of the load balancer."""
    response_time_p95_seconds: float = Field(1, gt=0)
    database_cpu_percent: float = Field(80, gt=0, le=100)
    database_free_storage_percent: float = Field(20, gt=0, lt=100)
    cache_cpu_percent: float = Field(80, gt=0, le=100)
    cache_memory_percent: float = Field(80, gt=0, le=100)


class BusinessSettings(Settings):
    """What usage is counted by (docs/log-fields.md).

    Each value is a metric of its own, 0.30 USD a month ("Amazon CloudWatch pricing", us-east-1,
    2026-11-23), from the hour on in which the application first writes it; a value that is not
    listed is not counted. The defaults make 16 metrics at most, 4.80 USD.
    """

    tiers: DimensionValues = ("FREE", "PRO", "ENTERPRISE")
    """The application's subscription tiers."""
    features: DimensionValues = (
        *("heatmap", "ghosts", "lurkers", "suspicion", "roles"),
        *("clients", "shifts", "presence", "timeline"),
    )
    """The application's analyses."""


class MonitoringSettings(Settings):
    """Alarms and their audience, and what is counted."""

    thresholds: ThresholdSettings = ThresholdSettings()
    business: BusinessSettings = BusinessSettings()
