"""Settings of the EKS cluster: its version, its nodes, its add-ons and the access to its API."""

import ipaddress
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings import versions
from settings.base import Settings, invalid_setting
from settings.field_types import RetentionDays, each_once, one_of
from settings.instances import NODE_TYPES

_PRIVATE_RANGES = [
    ipaddress.IPv4Network(cidr)
    for cidr in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
]


def _check_public_range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError("an IPv4 range such as 198.51.100.0/24, with no host bits set") from None
    if network.prefixlen < 8:
        raise ValueError("a range of /8 or smaller: one office or network, not the internet")
    if any(network.overlaps(private) for private in _PRIVATE_RANGES):
        raise ValueError("a public range: EKS filters what arrives over the internet")
    return value


PublicRange = Annotated[str, AfterValidator(_check_public_range)]


class FrozenMapping(dict[str, str]):
    """A mapping that can be hashed, as the other values of the settings can."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class NodeGroupSettings(Settings):
    """The managed node group. The Cluster Autoscaler changes its size within the bounds.

    When a bound changes, CloudFormation also sets the size to `desired_nodes`, and the Cluster
    Autoscaler has to correct it. Deploy such a change alone (docs/runbooks/kubernetes-upgrade.md).
    """

    instance_type: Annotated[str, one_of(NODE_TYPES)]
    """The EC2 instance type of every node."""
    min_nodes: int = Field(ge=1, le=100)
    """The Cluster Autoscaler keeps at least this many nodes."""
    desired_nodes: int = Field(ge=1, le=100)
    """The number of nodes that the first deployment starts."""
    max_nodes: int = Field(ge=1, le=100)
    """The Cluster Autoscaler adds nodes up to this number. It must suffice for a release at
    maximum scale (settings/scheduling.py)."""
    volume_gib: int = Field(50, ge=20, le=1000)
    """The size of the EBS volume of each node, which holds images, logs and temporary files."""

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if not self.min_nodes <= self.desired_nodes <= self.max_nodes:
            found = f"{self.min_nodes}, {self.desired_nodes}, {self.max_nodes}"
            raise invalid_setting("", found, "min_nodes <= desired_nodes <= max_nodes")
        return self


class ControllerSettings(Settings):
    """The controllers: load balancer controller, Cluster Autoscaler, External Secrets and so on."""

    replicas: int = Field(1, ge=1, le=3)
    """The replicas of each controller. From 2 on, a disruption budget keeps one of them running
    while a node is drained."""


class ClusterSettings(Settings):
    """The EKS cluster."""

    kubernetes_version: str = "1.35"
    """A minor version that EKS supports (settings/support.py) and that settings/versions.py has
    add-ons for. EKS upgrades one minor version at a time. CloudFormation cannot go back. EKS can,
    for 7 days (docs/runbooks/kubernetes-upgrade.md)."""
    nodes: NodeGroupSettings
    controllers: ControllerSettings = ControllerSettings()
    public_access_ranges: Annotated[tuple[PublicRange, ...], each_once("entry")] = Field(
        (), max_length=40
    )
    """The public IPv4 ranges that reach the Kubernetes API, at most 40 as EKS allows. By default
    the API has no public endpoint, and administrators connect through the VPC
    (docs/operations.md)."""
    add_on_versions: Annotated[dict[str, str], AfterValidator(FrozenMapping)] = FrozenMapping()
    """The versions of add-ons that differ from the first one in settings/versions.py."""
    control_plane_log_retention_days: RetentionDays = 90
    """How long CloudWatch keeps the logs of the Kubernetes API server, its audit log included."""
    pod_log_retention_days: RetentionDays = 30
    """How long CloudWatch keeps the logs of containers and nodes. Their ingestion costs 0.50 USD
    per GB ("Amazon CloudWatch pricing", us-east-1, 2026-11-23)."""
    application_metrics: bool = False
    """Whether the CloudWatch agent reads the backend's /metrics every minute, in a pod of its own.

    Four custom metrics cost 1.20 USD a month, and their log events 0.50 USD per GB ("Amazon
    CloudWatch pricing", us-east-1, 2026-11-23). The agent writes one event a minute for each pod,
    route and status. Three pods with 60 such pairs write an estimated 3 GB a month.
    """
    container_insights: bool = False
    """Whether CloudWatch collects metrics of every node, pod and container.

    It costs 0.21 USD per million observations ("Amazon CloudWatch pricing", Container Insights
    with enhanced observability, us-east-1, 2026-11-23). Three nodes with 45 pods make about 60
    million a month, an estimated 13 USD. Without them, there are no alarms on the resources of
    nodes and on containers that crash.
    """

    @model_validator(mode="after")
    def _check_add_on_versions(self) -> Self:
        offered = versions.ADD_ONS.get(self.kubernetes_version, {})
        for name, version in self.add_on_versions.items():
            key = f"add_on_versions.{name}"
            if name not in offered:
                raise invalid_setting(key, version, f"one of the add-ons {', '.join(offered)}")
            if version not in offered[name]:
                raise invalid_setting(
                    key,
                    version,
                    f"one of {', '.join(offered[name])} (settings/versions.py, what EKS offers for "
                    f"Kubernetes {self.kubernetes_version})",
                )
        return self
