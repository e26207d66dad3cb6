"""Security: keys, firewall, audit trail, roles, application secret, the account's guards."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as wafv2

from settings import StageSettings
from spywatcher_constructs.audit_trail import AuditTrail
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.private_bucket import PrivateBucket
from spywatcher_constructs.web_acl import RegionalWebAcl, RuleActions
from stacks.security.account_services import AccountGuards
from stacks.security.application_secret import ApplicationSecret
from stacks.security.keys import Keys
from stacks.security.roles import Roles
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.base import StageStack
from stacks.shared.custom_resource_providers import configure_custom_resource_providers
from stacks.shared.names import trail_name
from stacks.shared.tags import stage_tags

_UNREPLICATED = "NIST.800.53.R5-S3BucketReplicationEnabled"
_UNREPLICATED_BECAUSE = (
    "Logs, not data: S3 keeps them in three zones, versions show what was overwritten, and the "
    "design asks for no copy in another region."
)
# Uploads of up to 10 MB go to the API; Socket.IO posts its messages.
_LARGE_BODY_PATHS = ("/api/", "/socket.io/")


class SecurityStack(StageStack):
    """What protects the other stacks, and depends on none of them."""

    def __init__(self, stage: cdk.Stage, *, settings: StageSettings) -> None:
        """Make the stack for the stage."""
        super().__init__(
            stage,
            "security",
            settings=settings,
            description="Keys, WAF, CloudTrail, roles and application secret",
        )
        self.keys = Keys(self, "Keys", settings=settings, removal_policy=self.removal_policy)
        self.access_logs = self._make_access_log_bucket()
        self.load_balancer_logs = self._make_load_balancer_log_bucket()
        application = ApplicationSecret(
            self,
            "ApplicationSecret",
            settings=settings,
            encryption_key=self.keys.secrets,
            removal_policy=self.removal_policy,
        )
        self.roles = Roles(
            self,
            "Roles",
            settings=settings,
            application_secret=application.secret,
        )
        self.trail_logs = self._record_api_calls(settings)
        self.web_acl = self._make_firewall(settings)
        self.firewall_logs = self._log_firewall(settings)
        if settings.account_wide.owned:
            AccountGuards(
                self,
                "AccountGuards",
                settings=settings,
                access_logs=self.access_logs,
                removal_policy=self.removal_policy,
            )
        configure_custom_resource_providers(self, stage_tags(settings))

    def _make_access_log_bucket(self) -> PrivateBucket:
        """Make the bucket that records who reads the other buckets."""
        bucket = PrivateBucket(
            self, "AccessLogs", keep=cdk.Duration.days(90), removal_policy=self.removal_policy
        )
        acknowledge(bucket, _UNREPLICATED, reason=_UNREPLICATED_BECAUSE)
        acknowledge(
            bucket,
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
            reason="S3 delivers access logs to no bucket with a KMS key; its own key encrypts.",
        )
        acknowledge(
            bucket,
            "CKV_AWS_18",
            reason="It receives the access logs: its own would feed themselves.",
        )
        return bucket

    def _make_load_balancer_log_bucket(self) -> PrivateBucket:
        """Make the bucket here: in the network stack, its own access log would close a circle.

        Load balancers write to buckets with S3's own key only.
        """
        bucket = PrivateBucket(
            self,
            "LoadBalancerLogs",
            keep=cdk.Duration.days(90),
            removal_policy=self.removal_policy,
            access_logs=self.access_logs,
        )
        acknowledge(bucket, _UNREPLICATED, reason=_UNREPLICATED_BECAUSE)
        acknowledge(
            bucket,
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
            reason="Load balancers write to no bucket with a KMS key; S3's own key encrypts.",
        )
        return bucket

    def _make_firewall(self, settings: StageSettings) -> RegionalWebAcl:
        rules = settings.firewall.rules
        return RegionalWebAcl(
            self,
            "Firewall",
            name=settings.resource_name("alb"),
            rate_limit_requests=settings.firewall.rate_limit_requests,
            rate_window_seconds=settings.firewall.rate_window_seconds,
            large_body_paths=_LARGE_BODY_PATHS,
            actions=RuleActions(
                rate_limit=rules.rate_limit,
                ip_reputation=rules.ip_reputation,
                common=rules.common,
                oversized_body=rules.oversized_body,
                known_bad_inputs=rules.known_bad_inputs,
                sql_injection=rules.sql_injection,
            ),
        )

    def _log_firewall(self, settings: StageSettings) -> logs.LogGroup:
        # WAF writes only to a group of this prefix; its ARN is given without the `:*` at its end.
        group = EncryptedLogGroup(
            self,
            "FirewallLogs",
            log_group_name=f"aws-waf-logs-{settings.resource_name()}",
            encryption_key=self.keys.logs,
            retention_days=settings.firewall.log_retention_days,
        )
        arn = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        field = wafv2.CfnLoggingConfiguration.FieldToMatchProperty
        wafv2.CfnLoggingConfiguration(
            self,
            "FirewallLogging",
            resource_arn=self.web_acl.arn,
            log_destination_configs=[arn],
            redacted_fields=[
                field(single_header={"Name": header}) for header in ("authorization", "cookie")
            ],
        )
        return group

    def _record_api_calls(self, settings: StageSettings) -> logs.LogGroup:
        group = EncryptedLogGroup(
            self,
            "TrailLogs",
            log_group_name=trail_name(settings),
            encryption_key=self.keys.logs,
            retention_days=90,
        )
        audit = AuditTrail(
            self,
            "Audit",
            name=trail_name(settings),
            encryption_key=self.keys.audit,
            log_group=group,
            access_logs=self.access_logs,
            keep=cdk.Duration.days(settings.audit.trail_retention_days),
            removal_policy=self.removal_policy,
        )
        self.audit_bucket = audit.bucket
        acknowledge(audit.bucket, _UNREPLICATED, reason=_UNREPLICATED_BECAUSE)
        acknowledge(
            audit.log_policy,
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="CDK's trail writes it: two actions on one log group, for one role.",
        )
        return group
