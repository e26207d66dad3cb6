"""Security settings: the firewall and the audit trail."""

from typing import Literal

from pydantic import Field

from settings.base import Settings
from settings.retention import RetentionDays


class FirewallSettings(Settings):
    """WAF in front of the load balancer."""

    rate_limit_requests: int = Field(2000, ge=10, le=2_000_000_000)
    """Requests that an address may send in any `rate_window_seconds`; the next ones are blocked."""
    rate_window_seconds: Literal[60, 120, 300, 600] = 300
    log_retention_days: RetentionDays = 30


class AuditSettings(Settings):
    """CloudTrail."""

    trail_retention_days: int = Field(365, ge=90)
    """How long the bucket keeps the trail's files; CloudWatch Logs keeps them 90 days."""
