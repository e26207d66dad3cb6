"""The IAM roles of people: administrators, readers and on-call engineers."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from stacks.security.inline_policy import acknowledge_inline_policy
from stacks.security.pipeline_roles import (
    create_deployer_role,
    create_reviewer_role,
    deployment_statement,
)
from stacks.security.preflight_policy import PreflightPolicy
from stacks.shared.acknowledgement import acknowledge

_SESSION_HOURS = 8
"""The longest session of readers and on-call engineers: a working day."""

_READER_ACTIONS = {
    "acm": ("DescribeCertificate", "ListCertificates"),
    "autoscaling": ("DescribeAutoScalingGroups", "DescribeScalingActivities"),
    "chatbot": ("DescribeSlackWorkspaces",),
    "cloudformation": (
        *("DescribeStackEvents", "DescribeStackResources", "DescribeStacks"),
        *("ListExports", "ListStackResources", "ListStacks"),
    ),
    "cloudtrail": ("DescribeTrails", "GetEventSelectors", "GetTrailStatus", "LookupEvents"),
    "cloudwatch": (
        *("DescribeAlarmHistory", "DescribeAlarms", "GetDashboard", "GetMetricData"),
        *("GetMetricStatistics", "ListDashboards", "ListMetrics"),
    ),
    "config": ("GetConformancePackComplianceSummary",),
    "ec2": (
        *("DescribeAddresses", "DescribeFlowLogs", "DescribeInstances", "DescribeNatGateways"),
        *("DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeRouteTables"),
        *("DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets"),
        *("DescribeVolumes", "DescribeVpcEndpoints", "DescribeVpcs"),
    ),
    "eks": ("DescribeAddonConfiguration", "DescribeAddonVersions", "ListClusters"),
    "elasticache": (
        *("DescribeCacheClusters", "DescribeEvents", "DescribeReplicationGroups"),
        "DescribeUpdateActions",
    ),
    "elasticloadbalancing": (
        *("DescribeListeners", "DescribeLoadBalancers", "DescribeRules"),
        *("DescribeTargetGroups", "DescribeTargetHealth"),
    ),
    "guardduty": ("ListDetectors", "ListFindings"),
    "health": ("DescribeEvents",),
    "iam": ("ListAccessKeys", "ListMFADevices"),
    "kms": ("DescribeKey", "ListAliases"),
    "logs": ("DescribeLogGroups",),
    "rds": (
        *("DescribeDBInstanceAutomatedBackups", "DescribeDBInstances", "DescribeDBSnapshots"),
        *("DescribeEvents", "DescribePendingMaintenanceActions"),
    ),
    "route53": ("ListHostedZones", "ListResourceRecordSets"),
    "scheduler": ("ListSchedules",),
    "secretsmanager": ("DescribeSecret", "ListSecrets"),
    "sns": (
        *("GetTopicAttributes", "ListSubscriptions", "ListSubscriptionsByTopic", "ListTopics"),
    ),
    "states": ("ListExecutions", "ListStateMachines"),
    "wafv2": ("ListWebACLs",),
}
"""The actions of readers, by service. All of them describe, list, or return metrics.

AWS's policy ViewOnlyAccess lacks `cloudwatch:DescribeAlarms` (checked on 2026-11-23), and covers
services that no stage uses."""


class Roles(Construct):
    """The roles of people, and the roles of the workflows that deploy and review.

    No trust policy names a person: the policies of IAM users, or IAM Identity Center, decide who
    may assume a role. IAM users need multi-factor authentication (MFA). Sessions of IAM Identity
    Center carry no `aws:MultiFactorAuthPresent`, because Identity Center asks for the second factor
    itself. So the trust policies admit its permission sets that the settings name.

    The roles have permissions on the resources of this stack. Stacks that own other resources
    attach policies to the roles, such as the `AdministratorPolicy` of the data stack. So this stack
    depends on no other.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        application_secret: secretsmanager.ISecret,
    ) -> None:
        """Create the roles of the stage.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            application_secret: The secret whose values administrators set.
        """
        super().__init__(scope, construct_id)
        self.admin = self._create_admin_role(settings, application_secret)
        self.reader = self._create_reader_role(settings)
        self.on_call = self._create_role(
            "OnCall",
            settings.resource_name("on-call"),
            "Restarts, scales and rolls back the application in the cluster",
            session_hours=_SESSION_HOURS,
            permission_sets=settings.access.permission_sets.on_call,
        )
        self._allow_reads()
        self.deployer = create_deployer_role(self, settings)
        create_reviewer_role(self, settings)

    def _create_admin_role(
        self, settings: StageSettings, application_secret: secretsmanager.ISecret
    ) -> iam.Role:
        """Create a role for what the runbooks do by hand.

        It has no wildcard, except in the read actions of preflight that support no resource.
        It has no AdministratorAccess: every other change is a reviewed deployment, for which it
        assumes the roles of the bootstrap stack.
        """
        role = self._create_role(
            "Admin",
            settings.resource_name("admin"),
            "Administrators, with a second factor and for a bounded time",
            session_hours=settings.access.admin_session_hours,
            permission_sets=settings.access.permission_sets.admin,
        )
        application_secret.grant_read(role)
        application_secret.grant_write(role)
        role.add_to_policy(deployment_statement(cdk.Stack.of(self)))
        acknowledge_inline_policy(role)
        PreflightPolicy(self, "AdminPreflight", settings=settings, role=role)
        return role

    def _create_reader_role(self, settings: StageSettings) -> iam.Role:
        """Create a role that reads configuration, metrics and alarms, but no stored data."""
        return self._create_role(
            "Reader",
            settings.resource_name("reader"),
            "Reads configuration, metrics and alarms; no stored data",
            session_hours=_SESSION_HOURS,
            permission_sets=settings.access.permission_sets.reader,
        )

    def _allow_reads(self) -> None:
        """Allow readers, on-call engineers and administrators to read descriptions and metrics."""
        actions = [
            f"{service}:{name}" for service, names in _READER_ACTIONS.items() for name in names
        ]
        policy = iam.ManagedPolicy(
            self,
            "ReaderReads",
            description="Readers: descriptions, metrics and alarms",
            roles=[self.reader, self.on_call, self.admin],
            statements=[iam.PolicyStatement(sid="Read", actions=actions, resources=["*"])],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="The actions describe, list or return metrics. Most of them support no narrower "
            "resource, and composite alarms are visible only to roles that may describe all "
            "alarms. No action returns objects, secrets, items or log events, or changes a "
            "resource. People sign in with a second factor.",
        )

    def _create_role(
        self,
        construct_id: str,
        name: str,
        description: str,
        *,
        session_hours: int,
        permission_sets: Sequence[str],
    ) -> iam.Role:
        """Create a role for people of this account who signed in with a second factor.

        The MFA of an IAM user may be no older than the longest session, so that no session is
        renewed without it.
        """
        duration = cdk.Duration.hours(session_hours)
        account = iam.AccountPrincipal(cdk.Stack.of(self).account)
        role = iam.Role(
            self,
            construct_id,
            role_name=name,
            description=description,
            assumed_by=account.with_conditions(
                {
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "NumericLessThan": {"aws:MultiFactorAuthAge": str(duration.to_seconds())},
                }
            ),
            max_session_duration=duration,
        )
        if permission_sets and role.assume_role_policy is not None:
            role.assume_role_policy.add_statements(
                _permission_set_statement(cdk.Stack.of(self), permission_sets)
            )
        return role


def _permission_set_statement(
    stack: cdk.Stack, permission_sets: Sequence[str]
) -> iam.PolicyStatement:
    """Return the statement of a trust policy that admits the users of permission sets.

    The principal is the account and not the role that Identity Center creates for a permission set,
    because the name of that role ends with a suffix that changes when the assignment is created
    again ("Referencing permission sets in resource policies, Amazon EKS Cluster config maps, and
    AWS KMS key policies", IAM Identity Center User Guide). The path has the Region of Identity
    Center, except for us-east-1. Only IAM Identity Center creates roles with this path.
    """
    arns = [
        stack.format_arn(
            service="iam",
            region="",
            resource="role",
            resource_name=f"aws-reserved/sso.amazonaws.com/{path}AWSReservedSSO_{name}_*",
        )
        for name in permission_sets
        for path in ("", "*/")
    ]
    return iam.PolicyStatement(
        sid="PermissionSets",
        actions=["sts:AssumeRole"],
        principals=[iam.AccountPrincipal(stack.account)],
        conditions={"ArnLike": {"aws:PrincipalArn": arns}},
    )
