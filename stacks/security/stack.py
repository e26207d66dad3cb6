"""The security stack: KMS keys, web ACL, audit trail, IAM roles and application secret."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_wafv2 as wafv2

from settings import StageSettings
from spywatcher_constructs.audit_trail import AuditTrail
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.private_bucket import PrivateBucket
from spywatcher_constructs.web_acl import RegionalWebAcl, RuleActions
from stacks.security.application_secret import ApplicationSecret
from stacks.security.audit_policy import AuditPolicy
from stacks.security.keys import Keys
from stacks.security.roles import Roles
from stacks.shared.access_logs import (
    REPLICATION,
    REPLICATION_REASON,
    create_access_log_bucket,
)
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.custom_resource_providers import configure_custom_resource_providers
from stacks.shared.names import trail_name
from stacks.shared.stage_stack import StageStack
from stacks.shared.tags import stage_tags

# Uploads of up to 10 MB go to the API, and Socket.IO sends its messages as request bodies.
_LARGE_BODY_PATHS = ("/api/", "/socket.io/")


class SecurityStack(StageStack):
    """The resources that protect the other stacks. It depends on none of them."""

    def __init__(self, stage: cdk.Stage, *, settings: StageSettings) -> None:
        """Create the stack.

        Args:
            stage: The stage that contains the stack.
            settings: The settings of the stage.
        """
        super().__init__(
            stage,
            "security",
            settings=settings,
            description="Keys, WAF, CloudTrail, roles and application secret",
        )
        self.keys = Keys(self, "Keys", settings=settings, removal_policy=self.removal_policy)
        access_logs = create_access_log_bucket(self, self.removal_policy)
        self.load_balancer_logs = self._create_load_balancer_log_bucket(access_logs)
        application = ApplicationSecret(
            self,
            "ApplicationSecret",
            settings=settings,
            encryption_key=self.keys.secrets,
            removal_policy=self.removal_policy,
        )
        self.roles = Roles(self, "Roles", settings=settings, application_secret=application.secret)
        self.trail_logs = self._create_trail_log_group(settings)
        trail = self._create_trail(settings, access_logs)
        self.audit_bucket = trail.bucket
        self.web_acl = self._create_web_acl(settings)
        self.firewall_logs = self._log_requests(settings)
        AuditPolicy(
            self,
            "AuditPolicy",
            role=self.roles.admin,
            trail=trail,
            encryption_key=self.keys.audit,
        )
        configure_custom_resource_providers(self, stage_tags(settings))

    def _create_load_balancer_log_bucket(self, access_logs: s3.IBucket) -> s3.IBucket:
        """Create the bucket for the access logs of the load balancer.

        It is in this stack, because a bucket of the network stack would add that stack's ARN to
        the policy of the bucket for access logs: the two stacks would depend on each other. Load
        balancers do not write to buckets with a KMS key.
        """
        bucket = PrivateBucket(
            self,
            "LoadBalancerLogs",
            expiration=cdk.Duration.days(90),
            removal_policy=self.removal_policy,
            access_logs=access_logs,
        )
        acknowledge(bucket, REPLICATION, reason=REPLICATION_REASON)
        acknowledge(
            bucket,
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
            reason="Load balancers do not write to buckets with a KMS key. S3 encrypts the bucket "
            "with its own keys.",
        )
        return bucket

    def _create_trail_log_group(self, settings: StageSettings) -> logs.ILogGroup:
        return EncryptedLogGroup(
            self,
            "TrailLogs",
            log_group_name=trail_name(settings),
            encryption_key=self.keys.logs,
            retention_days=90,
        )

    def _create_trail(self, settings: StageSettings, access_logs: s3.IBucket) -> AuditTrail:
        """Create the CloudTrail trail and the bucket that stores its files."""
        trail = AuditTrail(
            self,
            "Audit",
            name=trail_name(settings),
            encryption_key=self.keys.audit,
            log_group=self.trail_logs,
            access_logs=access_logs,
            expiration=cdk.Duration.days(settings.audit.trail_retention_days),
            removal_policy=self.removal_policy,
        )
        acknowledge(trail.bucket, REPLICATION, reason=REPLICATION_REASON)
        acknowledge(
            trail.log_policy,
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="The CDK creates the policy for the role of the trail. It allows two actions on "
            "one log group.",
        )
        return trail

    def _create_web_acl(self, settings: StageSettings) -> RegionalWebAcl:
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

    def _log_requests(self, settings: StageSettings) -> logs.ILogGroup:
        """Log the requests that the web ACL evaluates, without their credentials."""
        # WAF requires this prefix.
        log_group = EncryptedLogGroup(
            self,
            "FirewallLogs",
            log_group_name=f"aws-waf-logs-{settings.resource_name()}",
            encryption_key=self.keys.logs,
            retention_days=settings.firewall.log_retention_days,
        )
        # WAF refuses the `:*` at the end of `log_group_arn`.
        destination = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name=log_group.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        field = wafv2.CfnLoggingConfiguration.FieldToMatchProperty
        wafv2.CfnLoggingConfiguration(
            self,
            "FirewallLogging",
            resource_arn=self.web_acl.arn,
            log_destination_configs=[destination],
            redacted_fields=[
                field(single_header={"Name": header}) for header in ("authorization", "cookie")
            ],
        )
        return log_group
