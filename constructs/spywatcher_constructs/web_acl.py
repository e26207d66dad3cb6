"""An AWS WAF web ACL for a load balancer. The CDK has no L2 construct for AWS WAF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import aws_wafv2 as wafv2

from constructs import Construct

Action = Literal["block", "count"]

_Acl = wafv2.CfnWebACL
_OVERSIZED_BODY_RULE = "SizeRestrictions_BODY"
_OVERSIZED_BODY_LABEL = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body"


@dataclass(frozen=True, kw_only=True)
class RuleActions:
    """The action of each rule for the requests that match it."""

    rate_limit: Action
    ip_reputation: Action
    common: Action
    oversized_body: Action
    known_bad_inputs: Action
    sql_injection: Action


class RegionalWebAcl(Construct):
    """Limits the request rate of each IP address, and applies AWS managed rule groups.

    The common rule set blocks bodies over 8 KB. Here its rule only adds a label. A custom rule
    blocks the labelled requests, except to the paths that allow large bodies.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        rate_limit_requests: int,
        rate_window_seconds: int,
        large_body_paths: Sequence[str],
        actions: RuleActions,
    ) -> None:
        """Create the web ACL.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the web ACL and of its metric.
            rate_limit_requests: The requests that an IP address may send in a window, at least 10.
            rate_window_seconds: The length of the window: 60, 120, 300 or 600 ("Rate-based rule
                high-level settings").
            large_body_paths: The prefixes of the paths that allow bodies over 8 KB, at least two.
            actions: The action of each rule.
        """
        super().__init__(scope, construct_id)
        rate_limit = _rate_statement(rate_limit_requests, rate_window_seconds)
        oversized_body = _oversized_body_statement(large_body_paths)
        web_acl = _Acl(
            self,
            "WebAcl",
            name=name,
            scope="REGIONAL",
            default_action=_Acl.DefaultActionProperty(allow={}),
            rules=[
                _custom_rule(0, "RateLimitPerAddress", actions.rate_limit, rate_limit),
                _managed_rules(1, "AWSManagedRulesAmazonIpReputationList", actions.ip_reputation),
                _managed_rules(
                    2,
                    "AWSManagedRulesCommonRuleSet",
                    actions.common,
                    label_only=_OVERSIZED_BODY_RULE,
                ),
                _custom_rule(3, "OversizedBody", actions.oversized_body, oversized_body),
                _managed_rules(4, "AWSManagedRulesKnownBadInputsRuleSet", actions.known_bad_inputs),
                _managed_rules(5, "AWSManagedRulesSQLiRuleSet", actions.sql_injection),
            ],
            visibility_config=_visibility(name),
        )
        self.arn = web_acl.attr_arn


def _custom_rule(
    priority: int, name: str, action: Action, statement: wafv2.CfnWebACL.StatementProperty
) -> wafv2.CfnWebACL.RuleProperty:
    return _Acl.RuleProperty(
        name=name,
        priority=priority,
        statement=statement,
        action=_Acl.RuleActionProperty(
            block={} if action == "block" else None, count={} if action == "count" else None
        ),
        visibility_config=_visibility(name),
    )


def _managed_rules(
    priority: int, rule_group: str, action: Action, *, label_only: str | None = None
) -> wafv2.CfnWebACL.RuleProperty:
    """Return a rule that applies a managed rule group of AWS.

    Args:
        priority: The position of the rule.
        rule_group: The name of the rule group.
        action: With `block`, each rule of the group has its own action. With `count`, the group
            only counts the requests that match it.
        label_only: A rule of the group that only counts and labels the requests that match it.
    """
    count = _Acl.RuleActionProperty(count={})
    overrides = (
        [_Acl.RuleActionOverrideProperty(name=label_only, action_to_use=count)]
        if label_only
        else None
    )
    return _Acl.RuleProperty(
        name=rule_group,
        priority=priority,
        statement=_Acl.StatementProperty(
            managed_rule_group_statement=_Acl.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=rule_group, rule_action_overrides=overrides
            )
        ),
        override_action=_Acl.OverrideActionProperty(
            none={} if action == "block" else None, count={} if action == "count" else None
        ),
        visibility_config=_visibility(rule_group),
    )


def _rate_statement(requests: int, window_seconds: int) -> wafv2.CfnWebACL.StatementProperty:
    return _Acl.StatementProperty(
        rate_based_statement=_Acl.RateBasedStatementProperty(
            aggregate_key_type="IP", limit=requests, evaluation_window_sec=window_seconds
        )
    )


def _oversized_body_statement(allowed_paths: Sequence[str]) -> wafv2.CfnWebACL.StatementProperty:
    """Return a statement that matches labelled requests, except to the allowed paths."""
    is_oversized = _Acl.StatementProperty(
        label_match_statement=_Acl.LabelMatchStatementProperty(
            scope="LABEL", key=_OVERSIZED_BODY_LABEL
        )
    )
    is_allowed = _Acl.StatementProperty(
        or_statement=_Acl.OrStatementProperty(
            statements=[_path_prefix_statement(path) for path in allowed_paths]
        )
    )
    is_not_allowed = _Acl.StatementProperty(
        not_statement=_Acl.NotStatementProperty(statement=is_allowed)
    )
    return _Acl.StatementProperty(
        and_statement=_Acl.AndStatementProperty(statements=[is_oversized, is_not_allowed])
    )


def _path_prefix_statement(prefix: str) -> wafv2.CfnWebACL.StatementProperty:
    return _Acl.StatementProperty(
        byte_match_statement=_Acl.ByteMatchStatementProperty(
            field_to_match=_Acl.FieldToMatchProperty(uri_path={}),
            positional_constraint="STARTS_WITH",
            search_string=prefix,
            text_transformations=[
                _Acl.TextTransformationProperty(priority=0, type="NORMALIZE_PATH")
            ],
        )
    )


def _visibility(metric_name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return _Acl.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric_name, sampled_requests_enabled=True
    )
