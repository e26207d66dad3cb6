"""Settings of security: the firewall, the audit trail and access."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from settings.base import Settings
from settings.field_types import RetentionDays
from settings.permission_sets import PermissionSetSettings

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
    shield_advanced: bool = False
    """Whether Shield Advanced protects the load balancer. It needs a subscription of the
    organization, 3,000 USD a month ("AWS Shield pricing", 2026-11-23). Shield Standard protects
    every load balancer free of charge."""


class AuditSettings(Settings):
    """The CloudTrail trail of the stage."""

    trail_retention_days: int = Field(365, ge=90, le=36500)
    """How many days S3 keeps the files of the trail. CloudWatch Logs keeps the events for 90 days,
    in which they can be searched."""


def _check_repository(value: str) -> str:
    match = re.fullmatch(r"([^/@]+)(@[1-9]\d*)?/([^/@]+)(@[1-9]\d*)?", value)
    if match:
        owner, owner_id, name, repository_id = match.groups()
        # An underscore stands before the short code of an enterprise with managed users.
        is_owner = re.fullmatch(r"[A-Za-z0-9](-?[A-Za-z0-9])*(_[A-Za-z0-9]+)?", owner)
        is_name = re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) and name not in (".", "..")
        has_both_ids = bool(owner_id) == bool(repository_id)
        if is_owner and len(owner) <= 39 and is_name and has_both_ids:
            return value
    raise ValueError(
        "owner/repository, or owner@id/repository@id for a repository that was created, renamed or "
        "transferred after 2026-07-15 (gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id')"
    )


class AccessSettings(Settings):
    """The access of people and of pipelines."""

    permission_sets: PermissionSetSettings = PermissionSetSettings()
    admin_session_hours: int = Field(1, ge=1, le=12)
    """The longest session of an administrator, who then needs a new MFA code."""
    github_repository: Annotated[str, AfterValidator(_check_repository)] = (
        "subculture-collective/spywatcher-infrastructure"
    )
    """The repository whose workflows may deploy the stage, from the GitHub environment that has the
    name of the stage. It is spelled as GitHub does, in upper and lower case.

    GitHub adds the ids of the owner and of the repository to the tokens of a repository that was
    created, renamed or transferred after 2026-07-15, or that has opted in ("Immutable subject
    claims", OpenID Connect reference, GitHub Docs). For such a repository, write both ids:
    octo-org@123456/octo-repo@456789."""
