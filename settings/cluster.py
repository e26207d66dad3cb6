"""Cluster settings: Kubernetes, its nodes, what runs on them and who reaches it."""

import ipaddress
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings import versions
from settings.base import Settings, reject
from settings.instances import NODE_TYPES
from settings.retention import RetentionDays

_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def _node_type(value: str) -> str:
    if value not in NODE_TYPES:
        raise ValueError(f"one of {', '.join(NODE_TYPES)}")
    return value


def _public_range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError("an IPv4 range such as 198.51.100.0/24, with no host bits set") from None
    if network.prefixlen < 8:
        raise ValueError("a range of /8 or smaller: one office or network, not the internet")
    if any(network.overlaps(ipaddress.IPv4Network(private)) for private in _PRIVATE):
        raise ValueError("a public range: EKS filters what arrives over the internet")
    return value


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("each entry once")
    return values


NodeType = Annotated[str, AfterValidator(_node_type)]
PublicRange = Annotated[str, AfterValidator(_public_range)]


class FrozenMapping(dict[str, str]):
    """A mapping that can be hashed, as immutable settings are."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class NodeGroupSettings(Settings):
    """The managed node group. The Cluster Autoscaler moves it between its bounds.

    A changed bound makes CloudFormation send the desired number again, and the Cluster Autoscaler
    has to correct it: change bounds alone (docs/runbooks/kubernetes-upgrade.md).
    """

    instance_type: NodeType
    min_nodes: int = Field(ge=1, le=100)
    desired_nodes: int = Field(ge=1, le=100)
    max_nodes: int = Field(ge=1, le=100)
    volume_gib: int = Field(50, ge=20, le=1000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min_nodes <= self.desired_nodes <= self.max_nodes:
            found = f"{self.min_nodes}, {self.desired_nodes}, {self.max_nodes}"
            reject("", found, "min_nodes <= desired_nodes <= max_nodes")
        return self


class ControllerSettings(Settings):
    """What runs beside the application: load balancer controller, autoscaler, secrets and such."""

    replicas: int = Field(1, ge=1, le=3)
    """Of each. From 2 on, disruption budgets keep one of them up while nodes are drained."""


class ClusterSettings(Settings):
    """EKS."""

    kubernetes_version: str = "1.35"
    nodes: NodeGroupSettings
    controllers: ControllerSettings = ControllerSettings()
    public_access_ranges: Annotated[tuple[PublicRange, ...], AfterValidator(_each_once)] = Field(
        (), max_length=40
    )
    """Who reaches the Kubernetes API from outside of the VPC. Empty, nobody does: administrators
    come through the VPC (docs/operations.md). 40 ranges at most, as EKS takes."""
    add_on_versions: Annotated[dict[str, str], AfterValidator(FrozenMapping)] = FrozenMapping()
    """Another version of an add-on than the one of settings/versions.py, out of its list."""
    control_plane_log_retention_days: RetentionDays = 90
    pod_log_retention_days: RetentionDays = 30
    """Of what containers write; 0.50 USD a GB taken in ("Amazon CloudWatch pricing", us-east-1,
    2026-11-23)."""
    application_metrics: bool = False
    """Whether CloudWatch's agent reads the backend's /metrics every minute: one more pod, 1.20 USD
    a month for four custom metrics, and 0.50 USD a GB of log events, one a minute for each pod,
    route and status; with three pods and 60 of them by estimate 3 GB a month.
    """
    container_insights: bool = False
    """Processor, memory, network and disk of every node, pod and container: 0.21 USD a million
    observations ("Amazon CloudWatch pricing", Container Insights with enhanced observability,
    us-east-1, 2026-11-23). Three nodes and 45 pods make some 60 million a month, by estimate 13
    USD.
    """

    @model_validator(mode="after")
    def _add_ons_exist(self) -> Self:
        offered = versions.ADD_ONS.get(self.kubernetes_version, {})
        for name, version in self.add_on_versions.items():
            if name not in offered:
                reject(
                    f"add_on_versions.{name}", version, f"one of the add-ons {', '.join(offered)}"
                )
            if version not in offered[name]:
                reject(
                    f"add_on_versions.{name}", version,
                    f"one of {', '.join(offered[name])} (settings/versions.py, what EKS offers for "
                    f"Kubernetes {self.kubernetes_version})",
                )  # fmt: skip
        return self
