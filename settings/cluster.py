"""Cluster settings: Kubernetes, its nodes, what runs on them and who reaches it."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from settings import versions
from settings.base import Settings, reject
from settings.instances import NODE_TYPES
from settings.retention import RetentionDays

_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY = re.compile(rf"([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME}")
_LABEL_VALUE = re.compile(rf"({_NAME})?")
_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")


def _node_type(value: str) -> str:
    if value not in NODE_TYPES:
        raise ValueError(f"one of {', '.join(NODE_TYPES)}")
    return value


def _label_key(value: str) -> str:
    if not _LABEL_KEY.fullmatch(value):
        raise ValueError("a label's key, such as workload or example.com/workload")
    domain = value.rpartition("/")[0]
    if any(domain == name or domain.endswith(f".{name}") for name in _RESERVED):
        raise ValueError(f"a key outside of {', '.join(_RESERVED)}, which Kubernetes and EKS set")
    return value


def _label_value(value: str) -> str:
    if not _LABEL_VALUE.fullmatch(value):
        raise ValueError("at most 63 letters, digits, -, _ and ., not at either end")
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


def _several(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < 2:
        raise ValueError("two or more types")
    return _each_once(values)


NodeType = Annotated[str, AfterValidator(_node_type)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
PublicRange = Annotated[str, AfterValidator(_public_range)]


class FrozenMapping(dict[str, str]):
    """A mapping that can be hashed, as immutable settings are."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


Labels = Annotated[dict[LabelKey, LabelValue], AfterValidator(FrozenMapping)]


class TaintSettings(Settings):
    """Keeps pods off a group's nodes that do not tolerate it."""

    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


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
    labels: Labels = FrozenMapping()
    taints: tuple[TaintSettings, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.min_nodes <= self.desired_nodes <= self.max_nodes:
            found = f"{self.min_nodes}, {self.desired_nodes}, {self.max_nodes}"
            reject("", found, "min_nodes <= desired_nodes <= max_nodes")
        return self

    @model_validator(mode="after")
    def _room_for_add_ons(self) -> Self:
        for taint in self.taints:
            if taint.effect != "PreferNoSchedule":
                reject(
                    "taints", f"{taint.key}: {taint.effect}",
                    "PreferNoSchedule: CoreDNS and the controllers have no other nodes",
                )  # fmt: skip
        return self


class SpotGroupSettings(Settings):
    """A second node group, of spare capacity that EC2 takes back at two minutes' notice."""

    instance_types: Annotated[tuple[NodeType, ...], AfterValidator(_several)]
    """Several of one size: what one runs short of, another may have, and the Cluster Autoscaler
    reckons with the first."""
    min_nodes: int = Field(0, ge=0, le=100)
    max_nodes: int = Field(ge=1, le=100)
    labels: Labels = FrozenMapping()
    taints: tuple[TaintSettings, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_nodes > self.max_nodes:
            reject("min_nodes", self.min_nodes, f"at most max_nodes, {self.max_nodes}")
        return self

    @model_validator(mode="after")
    def _of_one_size(self) -> Self:
        sizes = {NODE_TYPES[name][:2] for name in self.instance_types}
        if len(sizes) > 1:
            reject(
                "instance_types", ", ".join(self.instance_types),
                "types of the same processors and memory, as the Cluster Autoscaler assumes",
            )  # fmt: skip
        return self


class ControllerSettings(Settings):
    """What runs beside the application: load balancer controller, autoscaler, secrets and such."""

    replicas: int = Field(1, ge=1, le=3)
    """Of each. From 2 on, disruption budgets keep one of them up while nodes are drained."""


class ClusterSettings(Settings):
    """EKS."""

    kubernetes_version: str = "1.35"
    nodes: NodeGroupSettings
    spot: SpotGroupSettings | None = None
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

    def node_types(self) -> list[str]:
        """Return every instance type that a node may have."""
        return [self.nodes.instance_type, *(self.spot.instance_types if self.spot else ())]

    def max_nodes(self) -> int:
        """Return how many nodes all groups have together at most."""
        return self.nodes.max_nodes + (self.spot.max_nodes if self.spot else 0)

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
