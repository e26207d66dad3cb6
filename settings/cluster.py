"""Cluster settings: Kubernetes and its nodes."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject
from settings.instances import NODE_TYPES
from settings.retention import RetentionDays


def _node_type(value: str) -> str:
    if value not in NODE_TYPES:
        raise ValueError(f"one of {', '.join(NODE_TYPES)}")
    return value


class NodeGroupSettings(Settings):
    """The managed node group. The Cluster Autoscaler moves it between its bounds."""

    instance_type: Annotated[str, AfterValidator(_node_type)]
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


class ClusterSettings(Settings):
    """EKS."""

    kubernetes_version: str = "1.35"
    nodes: NodeGroupSettings
    control_plane_log_retention_days: RetentionDays = 90
