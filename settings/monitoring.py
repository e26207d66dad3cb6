"""Monitoring settings: when an alarm goes off, and who hears of it, when."""

import re
import zoneinfo
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject
from settings.maintenance import DAYS

Percent = Annotated[float, Field(gt=0, lt=100)]
_ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s.]+"
_URL = r"https://[A-Za-z0-9.-]+(:\d+)?(/\S*)?"


def _time_zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError("a time zone of the IANA database, such as Europe/Berlin or UTC")
    return value


def _time_of_day(value: str) -> str:
    if not re.fullmatch(r"(([01]\d|2[0-3]):[0-5][05])|24:00", value):
        raise ValueError("a quoted time of day in steps of five minutes, such as '09:00'")
    return value


def _days(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or not set(value) <= set(DAYS):
        raise ValueError(f"one or more of {', '.join(DAYS)}")
    return value


def _endpoint(value: str) -> str:
    if not re.fullmatch(f"{_ADDRESS}|{_URL}", value):
        raise ValueError("an e-mail address, or an https:// URL")
    return value


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]


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

    server_error_percent: Percent = 5
    """Answers with a 5xx status, of all answers of the load balancer."""
    response_time_p95_seconds: float = Field(1, gt=0, le=60)
    certificate_days: int = Field(21, ge=1, le=44)
    """ACM begins to renew 60 days before the end. Over 44, a certificate that it has yet to renew
    would page."""
    database_cpu_percent: Percent = 80
    database_free_memory_percent: Percent = 10
    database_free_storage_percent: Percent = 20
    """Of storage that does not grow."""
    database_free_growing_storage_percent: Percent = 5
    """Of the first storage, where it grows by itself: RDS does so at a tenth free, so less means
    that it has reached its maximum or fills faster."""
    database_connections_percent: Percent = 80
    """Of max_connections, which RDS computes from the class's memory."""
    database_credits_percent: Percent = 20
    """CPU credits left, of what the class can save up; only classes of the T families have any."""
    database_io_balance_percent: Percent = 20
    replica_lag_seconds: int = Field(300, ge=1, le=86400)
    cache_cpu_percent: Percent = 80
    cache_memory_percent: Percent = 80
    cache_connections_percent: Percent = 80
    cache_evictions_per_minute: int = Field(0, ge=0)
    cache_credits_percent: Percent = 20
    cache_lag_seconds: int = Field(30, ge=1, le=86400)
    node_cpu_percent: Percent = 80
    node_memory_percent: Percent = 80
    node_disk_percent: Percent = 80


class BusinessHoursSettings(Settings):
    """When somebody reads what does not page."""

    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    """The team's; daylight saving is followed."""
    days: Annotated[tuple[str, ...], AfterValidator(_days)] = DAYS[:5]
    start: TimeOfDay = "09:00"
    end: TimeOfDay = "17:00"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            reject("end", self.end, f"a time after start, {self.start}, of the same day")
        return self


class SlackSettings(Settings):
    """A channel that Amazon Q Developer in chat applications writes to.

    The workspace is authorized once by hand in that service's console
    (docs/runbooks/alarms.md#subscriptions).
    """

    workspace_id: str = Field(pattern=r"^[0-9A-Z]{1,255}$")
    critical_channel_id: str = Field(pattern=r"^[A-Za-z0-9]{1,255}$")
    warning_channel_id: str = Field(pattern=r"^[A-Za-z0-9]{1,255}$")


class SubscriptionSettings(Settings):
    """Who hears of what: e-mail addresses, and https endpoints as of PagerDuty or Opsgenie."""

    critical: tuple[Endpoint, ...] = ()
    warning: tuple[Endpoint, ...] = ()
    slack: SlackSettings | None = None


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
    business_hours: BusinessHoursSettings = BusinessHoursSettings()
    subscriptions: SubscriptionSettings = SubscriptionSettings()
