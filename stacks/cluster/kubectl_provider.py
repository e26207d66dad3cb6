"""CDK's kubectl provider: the Lambda functions that apply manifests and Helm charts.

CDK creates the functions and their IAM roles. This module sets what CDK has no property for, and
acknowledges the security findings about them.
"""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from constructs import Construct, IConstruct
from stacks.shared.acknowledgement import acknowledge

_HANDLER = "Handler"
_FRAMEWORK = "Provider/framework-onEvent"

_POLICY = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy"
_FUNCTION_POLICIES = (
    f"{_POLICY}/service-role/AWSLambdaBasicExecutionRole]",
    f"{_POLICY}/service-role/AWSLambdaVPCAccessExecutionRole]",
)


def create_security_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    """Create the security group of the functions.

    Without it, CDK gives them the security group of the cluster, which reaches every pod and the
    data stores. They need HTTPS to the EKS API, to AWS APIs and to chart repositories. The
    repositories have no fixed address ranges.
    """
    group = ec2.SecurityGroup(
        scope,
        "KubectlGroup",
        vpc=vpc,
        description="kubectl provider: to the EKS API and AWS APIs",
        allow_all_outbound=False,
    )
    group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS")
    return group


def encrypt_logs(cluster: eks.Cluster, key: kms.IKey) -> None:
    """Encrypt the logs of the functions. They contain the manifests that the functions apply."""
    for name in (_HANDLER, _FRAMEWORK):
        log_group = _find(cluster, f"{name}/LogGroup").node.default_child
        cast(logs.CfnLogGroup, log_group).kms_key_id = key.key_arn


def tag_barrier(cluster: eks.Cluster, tags: Mapping[str, str]) -> None:
    """Tag the SSM parameter on which all manifests depend. CDK's tags do not reach it."""
    barrier = cast(cdk.CfnResource, cluster.node.find_child("KubectlReadyBarrier"))
    barrier.add_property_override("Tags", dict(tags))


def acknowledge_findings(cluster: eks.Cluster) -> None:
    """Acknowledge each finding on its own resource."""
    for name in (_HANDLER, _FRAMEWORK):
        function = _find(cluster, name)
        acknowledge(
            function,
            *("NIST.800.53.R5-LambdaConcurrency", "CKV_AWS_115"),
            *("NIST.800.53.R5-LambdaDLQ", "CKV_AWS_116"),
            reason="Only CloudFormation invokes this CDK function, and waits for its result. No "
            "event can be lost, and a failure of the function fails the deployment.",
        )
        acknowledge(
            function,
            "CKV_AWS_173",
            reason="The environment variables contain a function name and an SDK option, and no "
            "secret. Lambda encrypts them with its own key.",
        )
        role = function.node.find_child("ServiceRole")
        acknowledge(
            role,
            *_FUNCTION_POLICIES,
            reason="CDK attaches these policies to its own function, which writes logs and has a "
            "network interface in the VPC. They allow no access to the application's data.",
        )
        acknowledge(
            role.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="CDK creates this policy for one function. The policy names the resources "
            "that the function uses.",
        )
    _acknowledge_handler_findings(cluster)
    _acknowledge_framework_findings(cluster)


def _acknowledge_handler_findings(cluster: eks.Cluster) -> None:
    acknowledge(
        _find(cluster, _HANDLER),
        "AwsSolutions-L1",
        reason="CDK tests its function with this Python runtime. An update of aws-cdk-lib brings "
        "the next runtime.",
    )
    acknowledge(
        _find(cluster, f"{_HANDLER}/ServiceRole"),
        f"{_POLICY}/AmazonEC2ContainerRegistryReadOnly]",
        _public_registry_finding(cluster),
        reason="The policies allow CDK's function to pull Helm charts from ECR. They are "
        "read-only, and this account has no images or charts in ECR.",
    )


def _acknowledge_framework_findings(cluster: eks.Cluster) -> None:
    handler = _logical_id(cluster, _find(cluster, _HANDLER).node.default_child)
    acknowledge(
        _find(cluster, f"{_FRAMEWORK}/ServiceRole/DefaultPolicy"),
        f"AwsSolutions-IAM5[Resource::<{handler}.Arn>:*]",
        reason="CDK's framework function invokes CDK's handler function. The wildcard covers the "
        "versions of this one function.",
    )


def _public_registry_finding(cluster: eks.Cluster) -> str:
    """Return the id of the finding about the policy that CDK attaches in the partition `aws`.

    cdk-nag writes the condition into the id as it is in the template.
    """
    condition = _logical_id(cluster, _find(cluster, f"{_HANDLER}/HasEcrPublic"))
    return (
        f'AwsSolutions-IAM4[Policy::{{"Fn::If":["{condition}",{{"Fn::Join":["",["arn:",'
        '{"Ref":"AWS::Partition"},":iam::aws:policy/AmazonElasticContainerRegistryPublicReadOnly"]]'
        '},{"Ref":"AWS::NoValue"}]}]'
    )


def _logical_id(cluster: eks.Cluster, element: IConstruct | None) -> str:
    return str(cluster.stack.resolve(cast(cdk.CfnElement, element).logical_id))


def _find(cluster: eks.Cluster, path: str) -> IConstruct:
    """Return a construct of the provider by its path."""
    construct: IConstruct = cluster
    for construct_id in ("KubectlProvider", *path.split("/")):
        construct = construct.node.find_child(construct_id)
    return construct
