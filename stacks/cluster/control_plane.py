"""The control plane of the EKS cluster, with its logs, security group and kubectl provider."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.lambda_layer_kubectl_v35 import KubectlV35Layer

from constructs import Construct
from k8s.network_policies import HTTPS
from settings import StageSettings
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.cluster import kubectl_provider
from stacks.cluster.security_group_rules import allow_ingress
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import cluster_name
from stacks.shared.tags import stage_tags

_LOG_TYPES = [
    eks.ClusterLoggingTypes.API,
    eks.ClusterLoggingTypes.AUDIT,
    eks.ClusterLoggingTypes.AUTHENTICATOR,
    eks.ClusterLoggingTypes.CONTROLLER_MANAGER,
    eks.ClusterLoggingTypes.SCHEDULER,
]


def create_log_group(
    scope: Construct, settings: StageSettings, logs_key: kms.IKey
) -> logs.LogGroup:
    """Create the log group of the control plane. EKS would create it without retention."""
    return EncryptedLogGroup(
        scope,
        "ControlPlaneLogs",
        log_group_name=f"/aws/eks/{cluster_name(settings)}/cluster",
        encryption_key=logs_key,
        retention_days=settings.cluster.control_plane_log_retention_days,
    )


def create_cluster(
    scope: Construct,
    *,
    settings: StageSettings,
    vpc: ec2.IVpc,
    log_group: logs.LogGroup,
    kubectl_group: ec2.ISecurityGroup,
    cloudshell_group: ec2.ISecurityGroup,
    etcd_key: kms.IKey,
    logs_key: kms.IKey,
) -> eks.Cluster:
    """Create the cluster.

    Args:
        scope: The cluster stack.
        settings: The settings of the stage.
        vpc: The VPC of the cluster.
        log_group: The log group of the control plane.
        kubectl_group: The security group of the kubectl provider.
        cloudshell_group: The security group of the CloudShell environments.
        etcd_key: The KMS key of Kubernetes Secrets in etcd.
        logs_key: The KMS key of the kubectl provider's logs.
    """
    security_group = _create_security_group(scope, vpc)
    cluster = eks.Cluster(
        scope,
        "Cluster",
        cluster_name=cluster_name(settings),
        version=eks.KubernetesVersion.of(settings.cluster.kubernetes_version),
        vpc=vpc,
        vpc_subnets=[PRIVATE_SUBNETS],
        endpoint_access=_endpoint_access(settings.cluster.public_access_ranges),
        secrets_encryption_key=etcd_key,
        cluster_logging=_LOG_TYPES,
        default_capacity_type=eks.DefaultCapacityType.NODEGROUP,
        default_capacity=0,
        # EKS would install add-ons without a version. A change of this value replaces the cluster.
        bootstrap_self_managed_addons=False,
        security_group=security_group,
        bootstrap_cluster_creator_admin_permissions=False,
        kubectl_provider_options=eks.KubectlProviderOptions(
            kubectl_layer=KubectlV35Layer(scope, "Kubectl"),
            private_subnets=vpc.private_subnets,
            security_groups=[kubectl_group],
        ),
    )
    kubectl_access = allow_ingress(
        scope, kubectl_group, security_group, HTTPS, "Kubectl provider to the API"
    )
    allow_ingress(scope, cloudshell_group, security_group, HTTPS, "CloudShell to the API")
    cluster.node.add_dependency(log_group, kubectl_access)
    _finish_cluster(cluster, settings, logs_key)
    return cluster


def _create_security_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    """Create the additional security group of the API's network interfaces.

    Without it, CDK creates one that allows all outgoing traffic. It needs no egress rule: the
    cluster security group allows the traffic from the control plane to nodes and pods.
    """
    return ec2.SecurityGroup(
        scope,
        "ControlPlaneGroup",
        vpc=vpc,
        description="EKS API: who reaches it from outside of the cluster",
        allow_all_outbound=False,
    )


def _endpoint_access(public_ranges: Sequence[str]) -> eks.EndpointAccess:
    if public_ranges:
        return eks.EndpointAccess.PUBLIC_AND_PRIVATE.only_from(*public_ranges)
    return eks.EndpointAccess.PRIVATE


def _finish_cluster(cluster: eks.Cluster, settings: StageSettings, logs_key: kms.IKey) -> None:
    """Set what the L2 has no property for, and acknowledge the security findings."""
    cfn_cluster = cast(eks_v1.CfnCluster, cluster.node.default_child)
    cfn_cluster.deletion_protection = settings.deletion_protection
    acknowledge(
        cluster.node.find_child("Role"),
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonEKSClusterPolicy]",
        reason="The EKS control plane needs these permissions, and AWS updates them with EKS. Only "
        "the service eks.amazonaws.com can assume the role.",
    )
    kubectl_provider.encrypt_logs(cluster, logs_key)
    kubectl_provider.tag_barrier(cluster, stage_tags(settings))
    kubectl_provider.acknowledge_findings(cluster)
