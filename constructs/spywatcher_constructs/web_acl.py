"""A WAF web ACL for a load balancer. CDK has no L2 for WAF."""

from collections.abc import Sequence

from aws_cdk import aws_wafv2 as wafv2

from constructs import Construct


class RegionalWebAcl(Construct):
    """Limits the request rate of an address and applies AWS's managed rule groups."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        rate_limit_requests: int,
        rate_window_seconds: int,
        managed_rule_groups: Sequence[str],
    ) -> None:
        """Make the web ACL.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: the web ACL's name, and the prefix of its metrics.
            rate_limit_requests: what one address may send in a window; AWS asks for 10 or more.
            rate_window_seconds: 60, 120, 300 or 600 ("Rate-based rule high-level settings").
            managed_rule_groups: AWS managed rule groups, evaluated in this order.
        """
        super().__init__(scope, construct_id)
        rate_limit = wafv2.CfnWebACL.RuleProperty(
            name="RateLimitPerAddress",
            priority=0,
            action=wafv2.CfnWebACL.RuleActionProperty(block={}),
            statement=wafv2.CfnWebACL.StatementProperty(
                rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                    aggregate_key_type="IP",
                    limit=rate_limit_requests,
                    evaluation_window_sec=rate_window_seconds,
                )
            ),
            visibility_config=_visible("RateLimitPerAddress"),
        )
        managed = [
            _managed(group, priority) for priority, group in enumerate(managed_rule_groups, start=1)
        ]
        self.web_acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            name=name,
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[rate_limit, *managed],
            visibility_config=_visible(name),
        )

    @property
    def arn(self) -> str:
        """The ARN that an association takes."""
        return self.web_acl.attr_arn


def _managed(group: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=group
            )
        ),
        visibility_config=_visible(group),
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
