"""Whether pods fit nodes, as the scheduler reckons: by what they request, not by what they use."""

from collections.abc import Iterable
from typing import NamedTuple

from settings.cluster import ClusterSettings
from settings.instances import NODE_TYPES
from settings.services import ServicesSettings
from settings.system_pods import DAEMONS, DEPLOYMENTS, METRICS_READER

_CPU_RESERVED = ((1000, 0.06), (1000, 0.01), (2000, 0.005))
"""Of the first core, the second, the next two; of all others `_CPU_RESERVED_BEYOND`."""
_CPU_RESERVED_BEYOND = 0.0025

_MEMORY_RESERVED_MIB = 255
_MEMORY_RESERVED_BY_POD_MIB = 11
_EVICTION_MIB = 100
_MEMORY_UNSEEN = 0.075


class Pod(NamedTuple):
    """What one pod requests."""

    name: str
    cpu_millicores: int
    memory_mib: int


class Room(NamedTuple):
    """What a node has for pods, or has left."""

    cpu_millicores: int
    memory_mib: int
    pods: int

    def holds(self, pod: Pod) -> bool:
        """Say whether the pod fits."""
        return (
            self.pods > 0
            and pod.cpu_millicores <= self.cpu_millicores
            and pod.memory_mib <= self.memory_mib
        )

    def less(self, pod: Pod) -> "Room":
        """Return what is left beside the pod."""
        return Room(
            self.cpu_millicores - pod.cpu_millicores,
            self.memory_mib - pod.memory_mib,
            self.pods - 1,
        )


def allocatable(node_type: str) -> Room:
    """Return what a node offers to pods.

    EKS' image for Amazon Linux 2023 reserves for itself (kube-reserved) 6 % of the first core, 1 %
    of the second, 0.5 % of the next two and 0.25 % of the others, and 255 MiB of memory with 11 MiB
    for each pod that the node may have; below 100 MiB it evicts pods (`nodeadm/internal/kubelet/
    config.go` of awslabs/amazon-eks-ami, 2026-11-23). Of an instance's memory, its firmware and
    kernel take a part that no table names: Karpenter's default for it, 7.5 %
    (`VM_MEMORY_OVERHEAD_PERCENT`), is more than the 5 to 6 % seen on a t3.medium or t3.large.
    """
    kind = NODE_TYPES[node_type]
    left = 1000 * kind.vcpus
    reserved = 0.0
    for cores, share in _CPU_RESERVED:
        part = min(left, cores)
        reserved += part * share
        left -= part
    reserved += left * _CPU_RESERVED_BEYOND
    memory = int(kind.memory_mib * (1 - _MEMORY_UNSEEN))
    return Room(
        cpu_millicores=1000 * kind.vcpus - round(reserved),
        memory_mib=memory
        - (_MEMORY_RESERVED_MIB + _MEMORY_RESERVED_BY_POD_MIB * kind.max_pods)
        - _EVICTION_MIB,
        pods=kind.max_pods,
    )


def daemons() -> list[Pod]:
    """Return what runs on every node."""
    return [
        Pod(each.name, each.cpu_request_millicores, each.memory_request_mib) for each in DAEMONS
    ]


def room_beside_daemons(node_type: str) -> Room:
    """Return what a node offers to all others."""
    room = allocatable(node_type)
    for daemon in daemons():
        room = room.less(daemon)
    return room


def system_pods(cluster: ClusterSettings) -> list[Pod]:
    """Return what runs once or twice in the cluster, on any node."""
    optional = (METRICS_READER,) if cluster.application_metrics else ()
    return [
        Pod(each.name, each.cpu_request_millicores, each.memory_request_mib)
        for each in (*DEPLOYMENTS, *optional)
        for _ in range(each.replicas or cluster.controllers.replicas)
    ]


def most_application_pods(services: ServicesSettings) -> list[Pod]:
    """Return the application's pods in the busiest hour: a release at maximum scale."""
    return [
        Pod(name, resources.cpu_request_millicores, resources.memory_request_mib)
        for name, count, resources in services.most_pods()
        for _ in range(count)
    ]


def nodes_needed(pods: Iterable[Pod], room: Room) -> int:
    """Return how many nodes of this room hold the pods.

    First fit, the largest first. Each pod must fit an empty node.
    """
    nodes: list[Room] = []

    def share(pod: Pod) -> float:
        return max(pod.cpu_millicores / room.cpu_millicores, pod.memory_mib / room.memory_mib)

    for pod in sorted(pods, key=share, reverse=True):
        for index, node in enumerate(nodes):
            if node.holds(pod):
                nodes[index] = node.less(pod)
                break
        else:
            nodes.append(room.less(pod))
    return len(nodes)


def nodes_needed_for_release(cluster: ClusterSettings, services: ServicesSettings) -> int:
    """Return how many nodes a release at maximum scale takes.

    A lost zone changes nothing in this: Auto Scaling starts its nodes in the others.
    """
    pods = [*most_application_pods(services), *system_pods(cluster)]
    return nodes_needed(pods, room_beside_daemons(cluster.nodes.instance_type))
