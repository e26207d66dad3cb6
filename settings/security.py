"""Security settings: the firewall, the audit trail, who may do what, the account's guards."""

from typing import Literal

from pydantic import Field

from settings.base import Settings
from settings.retention import RetentionDays

RuleAction = Literal["block", "count"]
"""`count` lets a request through and counts it: for a trial before a rule blocks."""


class FirewallRuleSettings(Settings):
    """What each rule does with a request that it matches."""

    rate_limit: RuleAction = "block"
    ip_reputation: RuleAction = "block"
    common: RuleAction = "block"
    oversized_body: RuleAction = "block"
    known_bad_inputs: RuleAction = "block"
    sql_injection: RuleAction = "block"


class FirewallSettings(Settings):
    """WAF in front of the load balancer."""

    rate_limit_requests: int = Field(2000, ge=10, le=2_000_000_000)
    """Requests that an address may send in any `rate_window_seconds`; the next ones are blocked."""
    rate_window_seconds: Literal[60, 120, 300, 600] = 300
    rules: FirewallRuleSettings = FirewallRuleSettings()
    log_retention_days: RetentionDays = 30


class AuditSettings(Settings):
    """CloudTrail."""

    trail_retention_days: int = Field(365, ge=90)
    """How long the bucket keeps the trail's files; CloudWatch Logs keeps them 90 days."""


class AccessSettings(Settings):
    """People and pipelines."""

    admin_session_hours: int = Field(1, ge=1, le=12)
    """After this long an administrator proves the second factor again."""
    github_repository: str = Field(
        "subculture-collective/spywatcher-infrastructure",
        pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}$",
    )
    """Whose workflows may deploy, from the GitHub environment named after the stage."""


class AccountSettings(Settings):
    """What an account has once, whatever stages share it."""

    owned: bool
    """Whether this stage makes it: GitHub's OIDC provider, the Access Analyzer, GuardDuty's
    detector, Config's recorder. Where stages share an account, exactly one of them does.
    """
    guardduty: bool = False
    """Threat detection over CloudTrail, flow and DNS logs; by volume, from about 4 USD per
    million events and 1 USD per GB ("Amazon GuardDuty pricing", us-east-1, 2026-11-23).
    """
    config_conformance: bool = False
    """A conformance pack; 0.003 USD per configuration item and 0.001 USD per evaluation ("AWS
    Config pricing", 2026-11-23).
    """
    shield_advanced: bool = False
    """Shield Standard protects every load balancer and needs nothing. Advanced asks for a
    subscription of the organization, 3,000 USD a month ("AWS Shield pricing", 2026-11-23).
    """
