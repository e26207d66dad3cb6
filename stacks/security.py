"""Security: keys, firewall, audit trail."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2

from settings import StageSettings
from spywatcher_constructs.audit_trail import AuditTrail
from spywatcher_constructs.log_retention import log_retention
from spywatcher_constructs.web_acl import RegionalWebAcl
from stacks.base import StageStack
from stacks.keys import Keys

_MANAGED_RULE_GROUPS = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")


class SecurityStack(StageStack):
    """What protects the other stacks, and depends on none of them."""

    def __init__(self, stage: cdk.Stage, *, settings: StageSettings) -> None:
        """Make the stack for the stage."""
        super().__init__(
            stage, "security", settings=settings, description="Keys, WAF and CloudTrail"
        )
        self.keys = Keys(self, "Keys", settings=settings, removal_policy=self.removal_policy)
        self.web_acl = RegionalWebAcl(
            self,
            "Firewall",
            name=settings.resource_name("alb"),
            rate_limit_requests=settings.firewall.rate_limit_requests,
            rate_window_seconds=settings.firewall.rate_window_seconds,
            managed_rule_groups=_MANAGED_RULE_GROUPS,
        )
        self._log_firewall(settings)
        self._record_api_calls(settings)

    def _log_firewall(self, settings: StageSettings) -> None:
        # WAF writes only to a group of this prefix; its ARN is given without the `:*` at its end.
        name = f"aws-waf-logs-{settings.resource_name()}"
        group = logs.LogGroup(
            self,
            "FirewallLogs",
            log_group_name=name,
            retention=log_retention(settings.firewall.log_retention_days),
            encryption_key=self.keys.logs,
            removal_policy=self.removal_policy,
        )
        arn = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        wafv2.CfnLoggingConfiguration(
            self,
            "FirewallLogging",
            resource_arn=self.web_acl.arn,
            log_destination_configs=[arn],
            redacted_fields=[
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in ("authorization", "cookie")
            ],
        )

    def _record_api_calls(self, settings: StageSettings) -> None:
        group = logs.LogGroup(
            self,
            "TrailLogs",
            log_group_name=settings.resource_name("trail"),
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=self.keys.logs,
            removal_policy=self.removal_policy,
        )
        AuditTrail(
            self,
            "Audit",
            name=settings.resource_name("trail"),
            encryption_key=self.keys.audit,
            log_group=group,
            retention=cdk.Duration.days(settings.audit.trail_retention_days),
            removal_policy=self.removal_policy,
        )
