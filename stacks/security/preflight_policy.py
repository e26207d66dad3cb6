"""What administrators read before a deployment, with `python3 dev.py preflight`."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings import StageSettings
from settings.model import PROJECT
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.bootstrap import bootstrap_version_parameter
from stacks.shared.names import GITHUB_OIDC_PROVIDER

ACCOUNT_STACK = f"{PROJECT}-account"
_READS_WITHOUT_RESOURCE = (
    "access-analyzer:ListAnalyzers",
    "config:DescribeConfigurationRecorders",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeVpcs",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "elasticache:DescribeCacheEngineVersions",
    "elasticache:DescribeReservedCacheNodesOfferings",
    "guardduty:ListDetectors",
    "lambda:GetAccountSettings",
    "rds:DescribeDBEngineVersions",
    "rds:DescribeOrderableDBInstanceOptions",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
)
"""Actions that support no resource but `*` (Service Authorization Reference)."""


class PreflightPolicy(iam.ManagedPolicy):
    """Allows the read actions of the checks in tools/operations/preflight.

    The stacks of the stage come after this one, so their ARNs are written by their names.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: StageSettings, role: iam.IRole
    ) -> None:
        """Attach the policy to the role.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            role: The role of administrators.
        """
        actions = list(_READS_WITHOUT_RESOURCE)
        if settings.domain.certificate_arn is None:
            actions.append("acm:ListCertificates")
        super().__init__(
            scope,
            construct_id,
            description="Administrators: read what a deployment needs",
            roles=[role],
            statements=[
                iam.PolicyStatement(sid="ReadAccount", actions=actions, resources=["*"]),
                *_read_statements(cdk.Stack.of(scope), settings),
            ],
        )
        acknowledge(
            self,
            "AwsSolutions-IAM5[Resource::*]",
            reason="The actions describe the account and what AWS offers. They support no narrower "
            "resource. No action returns stored data or changes a resource. Administrators sign "
            "in with MFA.",
        )
        for arn, reason in _arns_with_wildcards(cdk.Stack.of(scope), settings).items():
            acknowledge(self, f"AwsSolutions-IAM5[Resource::{arn}]", reason=reason)


def _arns_with_wildcards(stack: cdk.Stack, settings: StageSettings) -> dict[str, str]:
    """Return the patterns in the ARNs of the policy, and why each of them is a pattern."""
    return {
        _stack_arn(stack, f"{settings.resource_name()}-*"): (
            "CloudFormation adds an ID to the name of each stack. The pattern fits the stacks of "
            "this stage only, and the action describes them."
        ),
        _stack_arn(stack, ACCOUNT_STACK): (
            "CloudFormation adds an ID to the name of the stack. The pattern fits the account "
            "stack only, and the action describes its resources."
        ),
        _iam_arn(stack, "role", "aws-service-role/*"): (
            "The pattern fits service-linked roles only. AWS defines their permissions, and the "
            "action describes them."
        ),
    }


def _stack_arn(stack: cdk.Stack, name: str) -> str:
    return stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{name}/*")


def _iam_arn(stack: cdk.Stack, resource: str, name: str) -> str:
    return stack.format_arn(service="iam", region="", resource=resource, resource_name=name)


def _read_statements(stack: cdk.Stack, settings: StageSettings) -> list[iam.PolicyStatement]:
    """Return the statements of the actions that support a narrower resource."""
    zone = stack.format_arn(
        service="route53",
        region="",
        account="",
        resource="hostedzone",
        resource_name=settings.domain.hosted_zone_id,
    )
    bootstrap_version = stack.format_arn(
        service="ssm",
        resource="parameter",
        resource_name=bootstrap_version_parameter(stack),
    )
    reads = {
        "Stacks": (
            ["cloudformation:DescribeStacks"],
            _stack_arn(stack, f"{settings.resource_name()}-*"),
        ),
        "AccountStack": (
            ["cloudformation:DescribeStackResources"],
            _stack_arn(stack, ACCOUNT_STACK),
        ),
        "BootstrapVersion": (["ssm:GetParameter"], bootstrap_version),
        "HostedZone": (["route53:GetHostedZone", "route53:ListResourceRecordSets"], zone),
        "OidcProvider": (
            ["iam:GetOpenIDConnectProvider"],
            _iam_arn(stack, "oidc-provider", GITHUB_OIDC_PROVIDER),
        ),
        "ServiceLinkedRoles": (["iam:GetRole"], _iam_arn(stack, "role", "aws-service-role/*")),
        "Certificate": (["acm:DescribeCertificate"], settings.domain.certificate_arn),
        "AnomalyMonitor": (
            ["ce:GetAnomalyMonitors"],
            settings.account_wide.anomaly_monitor_arn,
        ),
    }
    return [
        iam.PolicyStatement(sid=f"Read{name}", actions=actions, resources=[resource])
        for name, (actions, resource) in reads.items()
        if resource is not None
    ]
