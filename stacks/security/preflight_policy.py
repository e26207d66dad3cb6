"""What administrators read before a deployment, with `python3 dev.py preflight`."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge

_READS_WITHOUT_RESOURCE = (
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeVpcs",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "elasticache:DescribeCacheEngineVersions",
    "elasticache:DescribeReservedCacheNodesOfferings",
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
        acknowledge(
            self,
            f"AwsSolutions-IAM5[Resource::{_stacks_arn(cdk.Stack.of(scope), settings)}]",
            reason="CloudFormation adds an ID to the name of each stack. The pattern fits the "
            "stacks of this stage only, and the action describes them.",
        )


def _stacks_arn(stack: cdk.Stack, settings: StageSettings) -> str:
    """Return the ARN of the stacks of the stage, with wildcards for their names and IDs."""
    return stack.format_arn(
        service="cloudformation",
        resource="stack",
        resource_name=f"{settings.resource_name()}-*/*",
    )


def _read_statements(stack: cdk.Stack, settings: StageSettings) -> list[iam.PolicyStatement]:
    """Return the statements of the actions that support a narrower resource."""
    zone = stack.format_arn(
        service="route53",
        region="",
        account="",
        resource="hostedzone",
        resource_name=settings.domain.hosted_zone_id,
    )
    statements = [
        iam.PolicyStatement(
            sid="ReadStacks",
            actions=["cloudformation:DescribeStacks"],
            resources=[_stacks_arn(stack, settings)],
        ),
        iam.PolicyStatement(
            sid="ReadBootstrapVersion",
            actions=["ssm:GetParameter"],
            resources=[
                stack.format_arn(
                    service="ssm",
                    resource="parameter",
                    resource_name=f"cdk-bootstrap/{stack.synthesizer.bootstrap_qualifier}/version",
                )
            ],
        ),
        iam.PolicyStatement(
            sid="ReadHostedZone",
            actions=["route53:GetHostedZone", "route53:ListResourceRecordSets"],
            resources=[zone],
        ),
    ]
    if settings.domain.certificate_arn is not None:
        statements.append(
            iam.PolicyStatement(
                sid="ReadCertificate",
                actions=["acm:DescribeCertificate"],
                resources=[settings.domain.certificate_arn],
            )
        )
    return statements
