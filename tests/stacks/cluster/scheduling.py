"""Simulates how a stage's pods are scheduled, at each scale and after the failure of a zone.

The application's pods and the node group come from the templates. The requests of add-ons and
controllers come from settings/system_pods.py, which test_scheduling.py compares with the templates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from settings.capacity import Capacity, Pod, allocatable
from settings.system_pods import DAEMON_SETS, daemon_set_pods, deployment_pods
from tests.simulators.scheduler_simulator import ClusterSimulator
from tests.stacks.cluster.resources import NODEGROUP
from tests.synthesis import SynthesizedStage

MINIMUM, INITIAL, MAXIMUM, RELEASE = "minimum", "initial", "maximum", "release at maximum"
SCALES = (MINIMUM, INITIAL, MAXIMUM, RELEASE)
CRITICAL = ("coredns", "metrics-server", "cluster-autoscaler", "aws-load-balancer-controller")
"""The pods with the priority class `system-cluster-critical`. The add-ons and charts set it, or the
Helm values do."""
_MEBIBYTES = {"Mi": 1, "Gi": 1024}


def millicores_and_mebibytes(requests: Mapping[str, str]) -> tuple[int, int]:
    """Return the CPU and the memory of a container's requests."""
    cpu, memory = str(requests["cpu"]), requests["memory"]
    millicores = int(cpu.removesuffix("m")) * (1 if cpu.endswith("m") else 1000)
    return millicores, int(memory[:-2]) * _MEBIBYTES[memory[-2:]]


def pod_of(manifest: Mapping[str, Any]) -> Pod:
    """Return the requests of one pod of a Deployment or a Job."""
    template = manifest["spec"]["template"]
    sizes = [
        millicores_and_mebibytes(container["resources"]["requests"])
        for container in template["spec"]["containers"]
    ]
    name = template["metadata"]["labels"]["app.kubernetes.io/component"]
    return Pod(name, sum(cpu for cpu, _ in sizes), sum(memory for _, memory in sizes))


def objects_of_kind(stage: SynthesizedStage, kind: str) -> list[dict[str, Any]]:
    return [manifest for manifest in stage.manifests() if manifest["kind"] == kind]


def replicas(stage: SynthesizedStage, manifest: Mapping[str, Any], scale: str) -> int:
    """Return how many pods of an object's service run at a scale."""
    metadata = manifest["metadata"]
    if scale == INITIAL:
        component = metadata["labels"]["app.kubernetes.io/component"]
        return stage.settings.services.by_name()[component].replicas.initial
    autoscaler = stage.manifest("HorizontalPodAutoscaler", metadata["name"])["spec"]
    return int(autoscaler["minReplicas" if scale == MINIMUM else "maxReplicas"])


def application_pods(stage: SynthesizedStage, scale: str) -> list[Pod]:
    """Return the pods of the application. A release adds surge pods and Jobs."""
    pods = []
    for deployment in objects_of_kind(stage, "Deployment"):
        count = replicas(stage, deployment, scale)
        if scale == RELEASE:
            count += deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        pods += [pod_of(deployment)] * count
    if scale == RELEASE:
        pods += [pod_of(job) for job in objects_of_kind(stage, "Job")]
    return pods


def node_group(stage: SynthesizedStage) -> tuple[str, Mapping[str, int]]:
    """Return the instance type and the scaling configuration of the node group."""
    properties = stage.only("cluster", NODEGROUP)
    (instance_type,) = properties["InstanceTypes"]
    return instance_type, properties["ScalingConfig"]


def empty_cluster(stage: SynthesizedStage, scale: str) -> ClusterSimulator:
    """Return the cluster before it runs pods.

    At the minimum scale it has the minimum size of the node group, otherwise the desired size.
    """
    instance_type, sizes = node_group(stage)
    return ClusterSimulator(
        zones=stage.settings.availability_zones,
        allocatable=allocatable(instance_type),
        daemon_sets=daemon_set_pods(),
        nodes=sizes["MinSize" if scale == MINIMUM else "DesiredSize"],
        max_nodes=sizes["MaxSize"],
        critical=CRITICAL,
    )


def running_cluster(stage: SynthesizedStage, scale: str) -> ClusterSimulator:
    """Return the cluster with all pods."""
    cluster = empty_cluster(stage, scale)
    system = deployment_pods(stage.settings.cluster)
    assert cluster.schedule([*system, *application_pods(stage, scale)]) == []
    return cluster


@dataclass(frozen=True)
class Outcome:
    """The nodes that a scale needs, and what happens if the zone with the most pods fails."""

    pods: int
    """The pods of Deployments and Jobs."""
    nodes_at_start: int
    nodes: int
    max_nodes: int
    requested: Capacity
    allocatable: Capacity
    nodes_after_failure: int
    pending_after_failure: tuple[Pod, ...]
    """Pods of the failed zone, or preempted ones, that are pending until a new node is ready."""
    never_scheduled: tuple[Pod, ...]
    nodes_after_recovery: int


def simulate(stage: SynthesizedStage, scale: str) -> Outcome:
    cluster = running_cluster(stage, scale)
    nodes, requested = len(cluster.nodes), cluster.requested()
    displaced = cluster.fail_zone(cluster.zone_with_most_pods())
    nodes_after_failure = len(cluster.nodes)
    pending = cluster.schedule(displaced, autoscale=False)
    never_scheduled = cluster.schedule(pending)
    return Outcome(
        pods=requested.pods - nodes * len(DAEMON_SETS),
        nodes_at_start=len(empty_cluster(stage, scale).nodes),
        nodes=nodes,
        max_nodes=cluster.max_nodes,
        requested=requested,
        allocatable=Capacity(*(nodes * amount for amount in cluster.allocatable)),
        nodes_after_failure=nodes_after_failure,
        pending_after_failure=tuple(pending),
        never_scheduled=tuple(never_scheduled),
        nodes_after_recovery=len(cluster.nodes),
    )
