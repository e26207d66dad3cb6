"""Cluster Autoscaler: adds nodes when pods find no room, and removes those that stand empty."""

from collections.abc import Sequence

from settings.versions import CHARTS, cluster_autoscaler_image_tag
from stacks.cluster.controllers.controller import (
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Controller,
    Grant,
    Pods,
)

_READS = (
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
    """Declare the controller, of the cluster's own minor version.

    EKS tags the Auto Scaling groups of managed node groups with the cluster's name, so that they
    are found by it, and no other cluster's are touched. Pods with an emptyDir (every pod of ours
    has one, for /tmp) and pods of kube-system may be moved: without that no node would ever go.
    """
    pods = Pods(
        name="cluster-autoscaler",
        replicas=replicas,
        cpu_request_millicores=50,
        memory_request_mib=192,
    )
    return Controller(
        chart=CHARTS["cluster-autoscaler"],
        service_account="cluster-autoscaler",
        pods=(pods,),
        values=_values(cluster_name, kubernetes_version, region, pods),
        reads=_READS,
        grants=_grants(cluster_name, node_group_arns),
    )


def _values(
    cluster_name: str, kubernetes_version: str, region: str, pods: Pods
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
            "skip-nodes-with-local-storage": False,
            "skip-nodes-with-system-pods": False,
        },
        "priorityClassName": "system-cluster-critical",
        "replicaCount": pods.replicas,
        "podDisruptionBudget": pods.disruption_budget(),
        "resources": pods.resources(),
        "securityContext": RESTRICTED_POD,
        "containerSecurityContext": RESTRICTED_CONTAINER,
    }


def _grants(cluster_name: str, node_group_arns: Sequence[str]) -> tuple[Grant, ...]:
    return (
        # Labels and taints of a group without nodes.
        Grant(actions=("eks:DescribeNodegroup",), resources=tuple(node_group_arns)),
        Grant(
            actions=(
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ),
            resources=("*",),
            conditions={
                "StringEquals": {
                    f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster_name}": "owned"
                }
            },
            wildcard_because="EKS names the Auto Scaling groups, and CloudFormation does not "
            "know the names; the condition admits those that EKS tagged for this cluster.",
        ),
    )
