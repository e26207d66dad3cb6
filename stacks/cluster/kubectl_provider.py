"""CDK's kubectl provider: the functions that apply manifests and charts.

They are CDK's own, and so are their roles. What is ours about them stands in
stacks/cluster/stack.py: private subnets, a security group that leads to HTTPS alone, an API that
only the VPC reaches.
"""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from constructs import IConstruct
from stacks.shared.acknowledgement import acknowledge

_HANDLER = "Handler"
_FRAMEWORK = "Provider/framework-onEvent"

_POLICY = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy"
_FUNCTION_POLICIES = (
    f"{_POLICY}/service-role/AWSLambdaBasicExecutionRole]",
    f"{_POLICY}/service-role/AWSLambdaVPCAccessExecutionRole]",
)


def encrypt_logs(cluster: eks.Cluster, key: kms.IKey) -> None:
    """Encrypt what the functions write: it holds the manifests that they apply."""
    for name in (_HANDLER, _FRAMEWORK):
        group = cast(logs.CfnLogGroup, _part(cluster, f"{name}/LogGroup").node.default_child)
        group.kms_key_id = key.key_arn


def tag_barrier(cluster: eks.Cluster, tags: Mapping[str, str]) -> None:
    """Tag the parameter that manifests wait for: CDK's own tagging passes over it."""
    barrier = cast(cdk.CfnResource, cluster.node.find_child("KubectlReadyBarrier"))
    barrier.add_property_override("Tags", dict(tags))


def acknowledge_findings(cluster: eks.Cluster) -> None:
    """Acknowledge what is found about the provider one by one, each on its resource."""
    for name in (_HANDLER, _FRAMEWORK):
        function = _part(cluster, name)
        acknowledge(
            function,
            *("NIST.800.53.R5-LambdaConcurrency", "CKV_AWS_115"),
            *("NIST.800.53.R5-LambdaDLQ", "CKV_AWS_116"),
            reason="CloudFormation alone calls CDK's function, a few at a time and waiting for "
            "the answer: no event is lost, and its failure fails the deployment.",
        )
        acknowledge(
            function,
            "CKV_AWS_173",
            reason="Its variables hold a function's name and a mode of the SDK, nothing secret, "
            "and Lambda's own key encrypts them.",
        )
        role = function.node.find_child("ServiceRole")
        acknowledge(
            role,
            *_FUNCTION_POLICIES,
            reason="CDK attaches them to its own function: writing logs, having an interface in "
            "the VPC. They reach no data of the application.",
        )
        acknowledge(
            role.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="CDK writes it for this one function, and names what it calls or describes.",
        )
    _acknowledge_charts_and_runtime(cluster)
    _acknowledge_versions(cluster)


def _acknowledge_charts_and_runtime(cluster: eks.Cluster) -> None:
    acknowledge(
        _part(cluster, _HANDLER),
        "AwsSolutions-L1",
        reason="CDK's code runs on the newest Python that CDK has tested it with; an update of "
        "aws-cdk-lib brings the next.",
    )
    acknowledge(
        _part(cluster, f"{_HANDLER}/ServiceRole"),
        f"{_POLICY}/AmazonEC2ContainerRegistryReadOnly]",
        _public_registry_finding(cluster),
        reason="CDK's function could pull charts from ECR: read-only, and this account keeps no "
        "images or charts there.",
    )


def _acknowledge_versions(cluster: eks.Cluster) -> None:
    handler = _logical_id(cluster, _part(cluster, _HANDLER).node.default_child)
    acknowledge(
        _part(cluster, f"{_FRAMEWORK}/ServiceRole/DefaultPolicy"),
        f"AwsSolutions-IAM5[Resource::<{handler}.Arn>:*]",
        reason="CDK's framework calls CDK's handler, this one function in any of its versions.",
    )


def _public_registry_finding(cluster: eks.Cluster) -> str:
    """Return the finding about the policy that CDK attaches where the partition is `aws`.

    cdk-nag shows the condition as the template has it.
    """
    condition = _part(cluster, f"{_HANDLER}/HasEcrPublic")
    name = _logical_id(cluster, condition)
    return (
        f'AwsSolutions-IAM4[Policy::{{"Fn::If":["{name}",{{"Fn::Join":["",["arn:",'
        '{"Ref":"AWS::Partition"},":iam::aws:policy/AmazonElasticContainerRegistryPublicReadOnly"]]'
        '},{"Ref":"AWS::NoValue"}]}]'
    )


def _logical_id(cluster: eks.Cluster, element: IConstruct | None) -> str:
    return str(cluster.stack.resolve(cast(cdk.CfnElement, element).logical_id))


def _part(cluster: eks.Cluster, path: str) -> IConstruct:
    """Return a part of the provider by its path."""
    part: IConstruct = cluster
    for step in ("KubectlProvider", *path.split("/")):
        part = part.node.find_child(step)
    return part
