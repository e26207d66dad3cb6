"""AWS CloudShell in the VPC: how people reach the private Kubernetes API, at no standing cost.

A person starts a CloudShell VPC environment in the console. Its network interface is in a private
subnet and has the security group of this module. The security group of the API admits that group
(stacks/cluster/control_plane.py). CloudShell itself is free ("AWS CloudShell pricing").
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge

_SERVICE = "cloudshell.amazonaws.com"
_TAG = "ManagedByCloudShell"
"""The key of the tag, with an empty value, that CloudShell gives to its network interfaces."""

Conditions = dict[str, dict[str, str | list[str]]]

_VIA_CLOUDSHELL: Conditions = {"ForAnyValue:StringEquals": {"aws:CalledVia": _SERVICE}}
_OWN_INTERFACE: Conditions = {**_VIA_CLOUDSHELL, "StringEquals": {f"aws:ResourceTag/{_TAG}": ""}}


def create_security_group(
    scope: Construct, settings: StageSettings, vpc: ec2.IVpc
) -> ec2.SecurityGroup:
    """Create the security group of the CloudShell environments.

    The group has a name, because people choose it in the console. It allows HTTPS to the Kubernetes
    API and to the APIs of AWS, which signs the tokens of kubectl. PostgreSQL and Redis do not admit
    it.
    """
    group = ec2.SecurityGroup(
        scope,
        "CloudShellGroup",
        vpc=vpc,
        security_group_name=settings.resource_name("cloudshell"),
        description="CloudShell: to the EKS API and AWS APIs",
        allow_all_outbound=False,
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS")
    return group


class CloudShellPolicy(iam.ManagedPolicy):
    """Allows CloudShell environments in the private subnets, with the security group, and no other.

    The statements are those of "Required IAM permissions for creating and using CloudShell VPC
    environments" (AWS CloudShell User Guide), with the resources of the stage in place of
    wildcards. An environment has the credentials of the person's console session, so it allows no
    AWS API that the role does not allow.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        roles: Sequence[iam.IRole],
    ) -> None:
        """Attach the policy to the roles.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            vpc: The VPC of the environments.
            security_group: The only security group that an environment may have.
            roles: The roles of the people who may use CloudShell.
        """
        stack = cdk.Stack.of(scope)
        subnet_ids = [subnet.subnet_id for subnet in vpc.private_subnets]
        super().__init__(
            scope,
            construct_id,
            description="People: reach the Kubernetes API from CloudShell",
            roles=list(roles),
            statements=[
                *_environment_statements(stack, vpc.vpc_id, subnet_ids, security_group),
                *_interface_statements(stack, subnet_ids, security_group),
            ],
        )
        acknowledge(
            self,
            "AwsSolutions-IAM5[Resource::*]",
            f"AwsSolutions-IAM5[Resource::{_arn(stack, 'cloudshell', 'environment', '*')}]",
            f"AwsSolutions-IAM5[Resource::{_arn(stack, 'ec2', 'network-interface', '*')}]",
            reason="CloudShell chooses the ids of environments and network interfaces. Conditions "
            "limit environments to the private subnets and one security group, and changes of "
            "network interfaces to those that CloudShell creates. Descriptions support no narrower "
            "resource.",
        )


def _environment_statements(
    stack: cdk.Stack, vpc_id: str, subnet_ids: list[str], security_group: ec2.ISecurityGroup
) -> list[iam.PolicyStatement]:
    """Return what the console needs to start an environment and to connect to it.

    The conditions on `Null` refuse public environments, which have no VPC: `ForAllValues` alone is
    true where a request has no value. The actions for file transfer are not available in a VPC.
    """
    allowed = {
        "cloudshell:VpcIds": [vpc_id],
        "cloudshell:SubnetIds": subnet_ids,
        "cloudshell:SecurityGroupIds": [security_group.security_group_id],
    }
    uses = ("CreateSession", "DeleteEnvironment", "GetEnvironmentStatus", "PutCredentials")
    return [
        iam.PolicyStatement(
            sid="CreateEnvironment",
            actions=["cloudshell:CreateEnvironment"],
            resources=["*"],
            conditions={
                "ForAllValues:StringEquals": allowed,
                "Null": dict.fromkeys(allowed, "false"),
            },
        ),
        iam.PolicyStatement(
            sid="UseEnvironments",
            actions=[
                f"cloudshell:{name}" for name in (*uses, "StartEnvironment", "StopEnvironment")
            ],
            resources=[_arn(stack, "cloudshell", "environment", "*")],
        ),
        iam.PolicyStatement(
            sid="ListEnvironments", actions=["cloudshell:DescribeEnvironments"], resources=["*"]
        ),
    ]


def _interface_statements(
    stack: cdk.Stack, subnet_ids: list[str], security_group: ec2.ISecurityGroup
) -> list[iam.PolicyStatement]:
    """Return what CloudShell does in EC2 with the person's credentials, and only through it.

    Every role of people may describe VPCs, subnets, security groups and network interfaces anyway
    (stacks/security/roles.py).
    """
    interface = _arn(stack, "ec2", "network-interface", "*")
    tags_with_key: Conditions = {
        "ForAnyValue:StringEquals": {"aws:CalledVia": _SERVICE, "aws:TagKeys": _TAG}
    }
    return [
        iam.PolicyStatement(
            sid="InspectVpc",
            actions=["ec2:DescribeDhcpOptions"],
            resources=["*"],
            conditions=_VIA_CLOUDSHELL,
        ),
        iam.PolicyStatement(
            sid="CreateInterfaceInSubnet",
            actions=["ec2:CreateNetworkInterface"],
            resources=[
                *(_arn(stack, "ec2", "subnet", subnet_id) for subnet_id in subnet_ids),
                _arn(stack, "ec2", "security-group", security_group.security_group_id),
            ],
            conditions=_VIA_CLOUDSHELL,
        ),
        iam.PolicyStatement(
            sid="CreateTaggedInterface",
            actions=["ec2:CreateNetworkInterface"],
            resources=[interface],
            conditions=tags_with_key,
        ),
        iam.PolicyStatement(
            sid="TagNewInterface",
            actions=["ec2:CreateTags"],
            resources=[interface],
            conditions={
                **tags_with_key,
                "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
            },
        ),
        iam.PolicyStatement(
            sid="UseOwnInterface",
            actions=["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
            resources=[interface],
            conditions=_OWN_INTERFACE,
        ),
    ]


def _arn(stack: cdk.Stack, service: str, resource: str, name: str) -> str:
    return stack.format_arn(service=service, resource=resource, resource_name=name)
