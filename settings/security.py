"""Settings of security: the firewall, the audit trail, access, and account-wide services."""

from typing import Literal

from pydantic import Field

from settings.base import Settings
from settings.field_types import RetentionDays

RuleAction = Literal["block", "count"]
"""What WAF does with a request that matches a rule. `count` allows the request and counts it, as a
trial before the rule blocks."""


class FirewallRuleSettings(Settings):
    """The action of each rule of the web ACL."""

    rate_limit: RuleAction = "block"
    """Addresses that exceed `rate_limit_requests`."""
    ip_reputation: RuleAction = "block"
    """AWSManagedRulesAmazonIpReputationList: addresses of bots and other threats."""
    common: RuleAction = "block"
    """AWSManagedRulesCommonRuleSet: common attacks, such as cross-site scripting."""
    oversized_body: RuleAction = "block"
    """Bodies over 8 KB, except on the paths that accept uploads."""
    known_bad_inputs: RuleAction = "block"
    """AWSManagedRulesKnownBadInputsRuleSet: requests that exploit known vulnerabilities."""
    sql_injection: RuleAction = "block"
    """AWSManagedRulesSQLiRuleSet."""


class FirewallSettings(Settings):
    """The AWS WAF web ACL of the load balancer."""

    rate_limit_requests: int = Field(2000, ge=10, le=2_000_000_000)
    """The requests that an IP address may send in any `rate_window_seconds`. WAF blocks the address
    until its rate falls. The default is the existing deployment's."""
    rate_window_seconds: Literal[60, 120, 300, 600] = 300
    """The evaluation window of the rate limit. WAF offers these four ("Rate-based rule high-level
    settings", AWS WAF Developer Guide)."""
    rules: FirewallRuleSettings = FirewallRuleSettings()
    log_retention_days: RetentionDays = 30
    """How long CloudWatch keeps the log of requests."""


class AuditSettings(Settings):
    """The CloudTrail trail of the stage."""

    trail_retention_days: int = Field(365, ge=90)
    """How many days S3 keeps the files of the trail. CloudWatch Logs keeps the events for 90 days,
    in which they can be searched."""


class AccessSettings(Settings):
    """The access of people and of pipelines."""

    admin_session_hours: int = Field(1, ge=1, le=12)
    """The longest session of an administrator, who then needs a new MFA code."""
    github_repository: str = Field(
        "subculture-collective/spywatcher-infrastructure",
        pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9._-]{1,100}$",
    )
    """The repository whose workflows may deploy the stage, from the GitHub environment that has the
    name of the stage."""


class AccountWideSettings(Settings):
    """Resources that exist once in an account, whatever stages share it."""

    owned: bool
    """Whether this stage creates them: GitHub's OIDC provider, the Access Analyzer, the GuardDuty
    detector and the AWS Config recorder. Exactly one of the stages that share an account does."""
    guardduty: bool = False
    """Whether GuardDuty analyzes CloudTrail events, VPC flow logs and DNS logs. It costs about 4
    USD per million events and 1 USD per GB ("Amazon GuardDuty pricing", us-east-1, 2026-11-23)."""
    config_conformance: bool = False
    """Whether AWS Config evaluates a conformance pack. It costs 0.003 USD per configuration item
    and 0.001 USD per evaluation ("AWS Config pricing", 2026-11-23)."""
    shield_advanced: bool = False
    """Whether Shield Advanced protects the load balancer. It needs a subscription of the
    organization, 3,000 USD a month ("AWS Shield pricing", 2026-11-23). Shield Standard protects
    every load balancer free of charge."""
