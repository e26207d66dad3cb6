"""A WAF web ACL for a load balancer. CDK has no L2 for WAF."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from aws_cdk import aws_wafv2 as wafv2

from constructs import Construct

Action = Literal["block", "count"]
_Statement = wafv2.CfnWebACL.StatementProperty

_COMMON = "AWSManagedRulesCommonRuleSet"
_OVERSIZED_LABEL = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body"


class RuleActions(NamedTuple):
    """What each rule does with a request that it matches."""

    rate_limit: Action
    ip_reputation: Action
    common: Action
    oversized_body: Action
    known_bad_inputs: Action
    sql_injection: Action


class _Rule(NamedTuple):
    """A rule without its priority, which its place in the list gives."""

    name: str
    statement: wafv2.CfnWebACL.StatementProperty
    action: wafv2.CfnWebACL.RuleActionProperty | None = None
    override_action: wafv2.CfnWebACL.OverrideActionProperty | None = None


class RegionalWebAcl(Construct):
    """Limits the request rate of an address, and applies AWS's managed rule groups.

    The common rule set refuses bodies over 8 KB. Its rule only labels them here; a rule of our own
    refuses them, save below the paths that take uploads.
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
        """Make the web ACL.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: the web ACL's name, and the prefix of its metrics.
            rate_limit_requests: what one address may send in a window; AWS asks for 10 or more.
            rate_window_seconds: 60, 120, 300 or 600 ("Rate-based rule high-level settings").
            large_body_paths: beginnings of the paths whose bodies may be larger than 8 KB; two or
                more.
            actions: what each rule does.
        """
        super().__init__(scope, construct_id)
        rules = [
            _own_rule(
                "RateLimitPerAddress",
                actions.rate_limit,
                _rate(rate_limit_requests, rate_window_seconds),
            ),
            _managed_rule("AWSManagedRulesAmazonIpReputationList", actions.ip_reputation),
            _managed_rule(_COMMON, actions.common, counted="SizeRestrictions_BODY"),
            _own_rule("OversizedBody", actions.oversized_body, _oversized(large_body_paths)),
            _managed_rule("AWSManagedRulesKnownBadInputsRuleSet", actions.known_bad_inputs),
            _managed_rule("AWSManagedRulesSQLiRuleSet", actions.sql_injection),
        ]
        self.web_acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            name=name,
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[
                wafv2.CfnWebACL.RuleProperty(
                    name=rule.name,
                    priority=priority,
                    statement=rule.statement,
                    action=rule.action,
                    override_action=rule.override_action,
                    visibility_config=_visible(rule.name),
                )
                for priority, rule in enumerate(rules)
            ],
            visibility_config=_visible(name),
        )

    @property
    def arn(self) -> str:
        """The ARN that an association takes."""
        return self.web_acl.attr_arn


def _own_rule(name: str, action: Action, statement: wafv2.CfnWebACL.StatementProperty) -> _Rule:
    taken = wafv2.CfnWebACL.RuleActionProperty
    return _Rule(name, statement, action=taken(block={}) if action == "block" else taken(count={}))


def _managed_rule(group: str, action: Action, *, counted: str | None = None) -> _Rule:
    """Apply a group as it is, or count all its matches; one of its rules may only be counted."""
    override = wafv2.CfnWebACL.OverrideActionProperty
    statement = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=group,
        rule_action_overrides=[
            wafv2.CfnWebACL.RuleActionOverrideProperty(
                name=counted, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
            )
        ]
        if counted
        else None,
    )
    return _Rule(
        group,
        _Statement(managed_rule_group_statement=statement),
        override_action=override(none={}) if action == "block" else override(count={}),
    )


def _rate(requests: int, window_seconds: int) -> wafv2.CfnWebACL.StatementProperty:
    return _Statement(
        rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
            aggregate_key_type="IP", limit=requests, evaluation_window_sec=window_seconds
        )
    )


def _oversized(allowed_below: Sequence[str]) -> wafv2.CfnWebACL.StatementProperty:
    """Match a request that the common rule set labelled as too large, and no path allows."""
    labelled = _Statement(
        label_match_statement=wafv2.CfnWebACL.LabelMatchStatementProperty(
            scope="LABEL", key=_OVERSIZED_LABEL
        )
    )
    allowed = _Statement(
        or_statement=wafv2.CfnWebACL.OrStatementProperty(
            statements=[_path_begins(path) for path in allowed_below]
        )
    )
    not_allowed = _Statement(not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=allowed))
    return _Statement(
        and_statement=wafv2.CfnWebACL.AndStatementProperty(statements=[labelled, not_allowed])
    )


def _path_begins(path: str) -> wafv2.CfnWebACL.StatementProperty:
    return _Statement(
        byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(uri_path={}),
            positional_constraint="STARTS_WITH",
            search_string=path,
            text_transformations=[
                wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NORMALIZE_PATH")
            ],
        )
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
