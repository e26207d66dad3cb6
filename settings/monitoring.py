"""Settings of monitoring: thresholds of alarms, subscriptions, business hours, business metrics."""

import functools
import re
import zoneinfo
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import each_once, matching
from settings.maintenance import DAYS

Percent = Annotated[float, Field(gt=0, lt=100)]
_EMAIL_PATTERN = r"[^@\s]+@[^@\s]+\.[^@\s.]+"
_URL_PATTERN = r"https://[A-Za-z0-9.-]+(:\d+)?(/\S*)?"


_NO_TIME_ZONES = {"Factory", "localtime", "posixrules"}
"""Files of the IANA database that are no time zones. EventBridge Scheduler refuses them."""


@functools.cache
def _time_zones() -> frozenset[str]:
    """Return the time zones of the IANA database, whose files take a while to read."""
    return frozenset(zoneinfo.available_timezones() - _NO_TIME_ZONES)


def _check_time_zone(value: str) -> str:
    if value not in _time_zones():
        raise ValueError("a time zone of the IANA database, such as Europe/Berlin or UTC")
    return value


def _check_time_of_day(value: str) -> str:
    if not re.fullmatch(r"(([01]\d|2[0-3]):[0-5][05])|24:00", value):
        raise ValueError("a quoted time of day in steps of five minutes, such as '09:00'")
    return value


def _check_days(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or not set(value) <= set(DAYS):
        raise ValueError(f"one or more of {', '.join(DAYS)}")
    return value


def _check_endpoint(value: str) -> str:
    if not re.fullmatch(f"{_EMAIL_PATTERN}|{_URL_PATTERN}", value):
        raise ValueError("an e-mail address, or an https:// URL")
    return value


def _check_dimension_values(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,24}", value):
            raise ValueError("at most 24 letters, digits, - and _ in each")
    return values


SlackChannel = Annotated[
    str, matching(r"[A-Za-z0-9]{1,255}", "the ID of a channel, such as C012ABCDEFG")
]
TimeOfDay = Annotated[str, AfterValidator(_check_time_of_day)]
"""A time that the suppression schedule can express, which has steps of five minutes. YAML reads an
unquoted 17:00 as a number."""
Endpoint = Annotated[str, AfterValidator(_check_endpoint)]
DimensionValues = Annotated[
    tuple[str, ...],
    AfterValidator(_check_dimension_values),
    each_once("value"),
    Field(min_length=1, max_length=12),
]
"""The values that a metric filter counts, at most twelve: a filter pattern is limited to 1,024
characters, and each value is a metric that AWS bills."""


class ThresholdSettings(Settings):
    """The thresholds of the alarms. A percentage is of the capacity of the resource."""

    server_error_percent: Percent = 5
    """Responses with a 5xx status, as a percentage of all responses of the load balancer."""
    response_time_p95_seconds: float = Field(1, gt=0, le=60)
    """The response time that 5 % of the requests exceed, as the load balancer measures it."""
    certificate_days: int = Field(21, ge=1, le=44)
    """Days until the certificate expires. ACM starts to renew a certificate 60 days before that,
    and reports a renewal that has failed from 45 days on. A higher threshold than 44 would page
    during a normal renewal."""
    database_cpu_percent: Percent = 80
    database_free_memory_percent: Percent = 10
    database_free_storage_percent: Percent = 20
    """Applies where `max_storage_gib` is not set, so that the storage does not grow."""
    database_free_growing_storage_percent: Percent = 5
    """Applies where `max_storage_gib` is set, as a percentage of `storage_gib`. RDS grows storage
    that is 90 % full. Less free storage means that it cannot grow, or does not grow fast enough."""
    database_connections_percent: Percent = 80
    """Connections, as a percentage of `DatabaseClass.max_connections`."""
    database_credits_percent: Percent = 20
    """CPU credits that are left, of those that a burstable instance class can accrue."""
    database_io_balance_percent: Percent = 20
    """I/O credits that are left to burst above the baseline (`EBSIOBalance%`)."""
    replica_lag_seconds: int = Field(300, ge=1, le=86400)
    """How far a read replica of PostgreSQL is behind."""
    cache_cpu_percent: Percent = 80
    cache_memory_percent: Percent = 80
    cache_connections_percent: Percent = 80
    """Connections, as a percentage of `CACHE_MAX_CONNECTIONS`."""
    cache_evictions_per_minute: int = Field(0, ge=0)
    """Keys that Redis evicts because its memory is full. By default, any eviction is a warning."""
    cache_credits_percent: Percent = 20
    """CPU credits that are left, of those that a burstable node type can accrue."""
    cache_lag_seconds: int = Field(30, ge=1, le=86400)
    """How far a replica of Redis is behind. A failover loses the writes of this time."""
    node_cpu_percent: Percent = 80
    node_memory_percent: Percent = 80
    node_disk_percent: Percent = 80


class BusinessHoursSettings(Settings):
    """The hours in which warnings are sent. Critical alarms page at any time."""

    time_zone: Annotated[str, AfterValidator(_check_time_zone)] = "UTC"
    """The time zone of `start` and `end`, with its daylight saving time."""
    days: Annotated[tuple[str, ...], AfterValidator(_check_days), each_once("day")] = DAYS[:5]
    """Days of the week. The default is Monday to Friday."""
    start: TimeOfDay = "09:00"
    end: TimeOfDay = "17:00"
    """The end of the business hours of a day, 24:00 at the latest."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.end <= self.start:
            raise invalid_setting(
                "end", self.end, f"a time after start, {self.start}, of the same day"
            )
        return self


class SlackSettings(Settings):
    """The Slack channels that Amazon Q Developer in chat applications posts alarms to.

    Authorize the workspace once in the console of that service
    (docs/runbooks/alarms.md#subscriptions).
    """

    workspace_id: Annotated[
        str, matching(r"[0-9A-Z]{1,255}", "the ID of a workspace, such as T012ABCDEFG")
    ]
    critical_channel_id: SlackChannel
    warning_channel_id: SlackChannel

    @model_validator(mode="after")
    def _check_channels_differ(self) -> Self:
        """Check that both topics have a channel: the service takes a channel only once."""
        if self.warning_channel_id == self.critical_channel_id:
            raise invalid_setting(
                "warning_channel_id",
                self.warning_channel_id,
                "another channel than critical_channel_id",
            )
        return self


class SubscriptionSettings(Settings):
    """The subscriptions to the two SNS topics of alarms.

    An endpoint is an e-mail address or an HTTPS URL, such as those of PagerDuty and Opsgenie.
    """

    critical: Annotated[tuple[Endpoint, ...], each_once("endpoint")] = ()
    warning: Annotated[tuple[Endpoint, ...], each_once("endpoint")] = ()
    slack: SlackSettings | None = None


class BusinessSettings(Settings):
    """The values of the log fields that business metrics count (docs/log-fields.md).

    CloudWatch counts no other values. Each value is a custom metric from the hour on in which the
    application first logs it. A custom metric costs 0.30 USD a month, and the defaults make at most
    16, which cost 4.80 USD ("Amazon CloudWatch pricing", us-east-1, 2026-11-23).
    """

    tiers: DimensionValues = ("FREE", "PRO", "ENTERPRISE")
    """The subscription tiers of the application, for "API usage per tier" of the design."""
    features: DimensionValues = (
        *("heatmap", "ghosts", "lurkers", "suspicion", "roles"),
        *("clients", "shifts", "presence", "timeline"),
    )
    """The analyses of the application, for "Feature usage" of the design."""


class MonitoringSettings(Settings):
    """Alarms, their subscriptions, and business metrics."""

    account_wide: bool = True
    """Whether the stage also monitors what belongs to the account as a whole: it has the alarms on
    the audit trail, stores IAM's credential report and the findings of Access Analyzer in the
    access review, and reports cost anomalies. The account stack and the Free Tier count in its cost
    estimate. Of the stages that share an account, at least one does this. A second one would send
    the same messages again."""
    thresholds: ThresholdSettings = ThresholdSettings()
    business: BusinessSettings = BusinessSettings()
    business_hours: BusinessHoursSettings = BusinessHoursSettings()
    subscriptions: SubscriptionSettings = SubscriptionSettings()
