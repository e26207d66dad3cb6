"""Cluster Autoscaler: it adds nodes for pods that fit on no node, and removes unneeded nodes."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from settings.versions import CHARTS, cluster_autoscaler_image_tag
from stacks.cluster.controllers.controller import (
    PRIORITY_CLASS,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    ChartDeployment,
    Controller,
)

_READ_ACTIONS = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeTags",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
)


def cluster_autoscaler(
    *,
    cluster_name: str,
    kubernetes_version: str,
    region: str,
    node_group_arns: Sequence[str],
    replicas: int,
) -> Controller:
    """Declare the controller, with the image for the cluster's minor version.

    It finds Auto Scaling groups by a tag with the cluster's name, which EKS adds for a managed node
    group. It changes no group of another cluster.
    """
    deployment = ChartDeployment(
        name="cluster-autoscaler",
        pod_label=("app.kubernetes.io/name", "aws-cluster-autoscaler"),
        replicas=replicas,
        cpu_request_millicores=50,
        memory_request_mib=192,
    )
    return Controller(
        chart=CHARTS["cluster-autoscaler"],
        service_account="cluster-autoscaler",
        deployments=(deployment,),
        chart_has_disruption_budget=True,
        values=_values(cluster_name, kubernetes_version, region, deployment),
        read_actions=_READ_ACTIONS,
        statements=_statements(cluster_name, node_group_arns),
        wildcard_reason="EKS generates the names of the Auto Scaling groups, which CloudFormation "
        "does not know. The condition allows only the groups that EKS tagged for this cluster.",
    )


def _values(
    cluster_name: str, kubernetes_version: str, region: str, deployment: ChartDeployment
) -> dict[str, object]:
    return {
        "cloudProvider": "aws",
        "awsRegion": region,
        "autoDiscovery": {"clusterName": cluster_name},
        "fullnameOverride": "cluster-autoscaler",
        "image": {"tag": cluster_autoscaler_image_tag(kubernetes_version)},
        "rbac": {"serviceAccount": {"name": "cluster-autoscaler"}},
        "extraArgs": {
            "balance-similar-node-groups": True,
            "expander": "least-waste",
            # By default the autoscaler keeps each node with a pod of kube-system, or with a pod
            # that uses an emptyDir, as the application's pods do. It would then remove no node.
            "skip-nodes-with-local-storage": False,
            "skip-nodes-with-system-pods": False,
        },
        "priorityClassName": PRIORITY_CLASS,
        "topologySpreadConstraints": deployment.topology_spread_constraints(),
        "replicaCount": deployment.replicas,
        "resources": deployment.resources(),
        "securityContext": RESTRICTED_POD,
        "containerSecurityContext": RESTRICTED_CONTAINER,
    }


def _statements(
    cluster_name: str, node_group_arns: Sequence[str]
) -> tuple[iam.PolicyStatement, ...]:
    tag = f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}"
    return (
        # To read the labels and taints of a node group without nodes.
        iam.PolicyStatement(actions=["eks:DescribeNodegroup"], resources=list(node_group_arns)),
        iam.PolicyStatement(
            actions=[
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            resources=["*"],
            conditions={"StringEquals": {tag: "owned"}},
        ),
    )
