"""The pods behind a target group, derived from the stored objects of a cluster.

The AWS Load Balancer Controller registers the pods that the Service of a TargetGroupBinding
selects. Without a Docker engine no pods run: this module derives them from the Deployments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.embedded_aws.kubernetes.cluster import Cluster
from tools.embedded_aws.kubernetes.image_faults import ImageFaults
from tools.embedded_aws.kubernetes.merging import Tree


@dataclass(frozen=True)
class Pod:
    """A pod as a target."""

    address: str
    port: int
    image: str


def is_bound(cluster: Cluster, target_group: str) -> bool:
    """Return whether a TargetGroupBinding of the cluster has the target group."""
    return any(_bindings(cluster, target_group))


def pods_of_group(cluster: Cluster, target_group: str, faults: ImageFaults) -> list[Pod]:
    """Return the pods of a target group that have started.

    Args:
        cluster: The cluster with the TargetGroupBinding.
        target_group: The ARN of the target group.
        faults: The images whose pods do not start.
    """
    pods: list[Pod] = []
    for binding in _bindings(cluster, target_group):
        service = _service(cluster, binding)
        for deployment in _selected(cluster, service) if service else ():
            count = _replicas(cluster, deployment)
            fault = faults.of_deployment(deployment)
            if fault.pods is not None:
                count = min(count, fault.pods)
            pods.extend(_pods(deployment, count if fault.starts else 0))
    return pods


def _bindings(cluster: Cluster, target_group: str) -> Iterator[Tree]:
    for binding in cluster.of_kind("TargetGroupBinding"):
        if binding["spec"]["targetGroupARN"] == target_group:
            yield binding


def _service(cluster: Cluster, binding: Tree) -> Tree | None:
    name = binding["spec"]["serviceRef"]["name"]
    return next(iter(_named(cluster, "Service", name, _namespace(binding))), None)


def _selected(cluster: Cluster, service: Tree) -> list[Tree]:
    selector = service["spec"]["selector"].items()
    return [
        deployment
        for deployment in cluster.of_kind("Deployment")
        if _namespace(deployment) == _namespace(service)
        and selector <= deployment["spec"]["template"]["metadata"]["labels"].items()
    ]


def _replicas(cluster: Cluster, deployment: Tree) -> int:
    """Return the replicas of a Deployment: an autoscaler adds those that its minimum requires."""
    replicas = int(deployment["spec"].get("replicas", 1))
    for kind, minimum in (
        ("HorizontalPodAutoscaler", "minReplicas"),
        ("ScaledObject", "minReplicaCount"),
    ):
        for scaler in cluster.of_kind(kind):
            target = scaler["spec"]["scaleTargetRef"]["name"]
            if (target, _namespace(scaler)) == (_name(deployment), _namespace(deployment)):
                replicas = max(replicas, int(scaler["spec"].get(minimum, 1)))
    return replicas


def _pods(deployment: Tree, count: int) -> Iterator[Pod]:
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    ports = container.get("ports") or [{"containerPort": 80}]
    for number in range(count):
        digest = hashlib.sha256(f"{_namespace(deployment)}/{_name(deployment)}/{number}".encode())
        address = ".".join(map(str, (10, *digest.digest()[:3])))
        yield Pod(address, int(ports[0]["containerPort"]), str(container["image"]))


def _named(cluster: Cluster, kind: str, name: str, namespace: str) -> list[Tree]:
    return [
        document
        for document in cluster.of_kind(kind)
        if (_name(document), _namespace(document)) == (name, namespace)
    ]


def _name(document: Mapping[str, Any]) -> str:
    return str(document["metadata"]["name"])


def _namespace(document: Mapping[str, Any]) -> str:
    return str(document["metadata"].get("namespace") or "default")
