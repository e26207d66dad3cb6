"""What a pod requests, and how much processor and memory a node offers to pods.

The Kubernetes scheduler compares requests with what a node offers. It does not look at usage.
"""

from typing import NamedTuple

from settings.instances import NODE_TYPES

_RESERVED_CPU_SHARES = ((1000, 0.06), (1000, 0.01), (2000, 0.005))
"""Millicores, and the share of them that a node reserves: the first core, the second, two more."""
_RESERVED_CPU_SHARE_OF_FURTHER_CORES = 0.0025
_RESERVED_MEMORY_MIB = 255
_RESERVED_MEMORY_PER_POD_MIB = 11
_EVICTION_THRESHOLD_MIB = 100
_VM_MEMORY_OVERHEAD = 0.075


class Pod(NamedTuple):
    """The requests of one pod."""

    name: str
    cpu_millicores: int
    memory_mib: int


class Capacity(NamedTuple):
    """What a node offers to pods, or what is left of it."""

    cpu_millicores: int
    memory_mib: int
    pods: int

    def fits(self, pod: Pod) -> bool:
        """Return whether the node can take the pod."""
        return (
            self.pods > 0
            and pod.cpu_millicores <= self.cpu_millicores
            and pod.memory_mib <= self.memory_mib
        )

    def subtract(self, pod: Pod) -> "Capacity":
        """Return what is left when the node runs the pod."""
        return Capacity(
            self.cpu_millicores - pod.cpu_millicores,
            self.memory_mib - pod.memory_mib,
            self.pods - 1,
        )


def allocatable(node_type: str) -> Capacity:
    """Return what a node offers to pods, which Kubernetes calls its allocatable resources.

    The kubelet of the EKS optimized AL2023 images reserves a part of each core: 6 % of the first,
    1 % of the second, 0.5 % of the next two, and 0.25 % of each further one. It reserves 255 MiB of
    memory, and 11 MiB for each pod that the node can run. It evicts pods when less than 100 MiB is
    free. Source: `nodeadm/internal/kubelet/config.go` of awslabs/amazon-eks-ami, 2026-11-23.

    The firmware and the kernel of an instance take a part of its memory that AWS does not publish.
    This function assumes 7.5 %, Karpenter's default (`VM_MEMORY_OVERHEAD_PERCENT`). A t3.medium
    and a t3.large lose 5 to 6 %.
    """
    instance = NODE_TYPES[node_type]
    memory_mib = int(instance.memory_mib * (1 - _VM_MEMORY_OVERHEAD))
    reserved_mib = _RESERVED_MEMORY_MIB + _RESERVED_MEMORY_PER_POD_MIB * instance.max_pods
    return Capacity(
        cpu_millicores=1000 * instance.vcpus - _reserved_cpu_millicores(instance.vcpus),
        memory_mib=memory_mib - reserved_mib - _EVICTION_THRESHOLD_MIB,
        pods=instance.max_pods,
    )


def _reserved_cpu_millicores(vcpus: int) -> int:
    remaining = 1000 * vcpus
    reserved = 0.0
    for millicores, share in _RESERVED_CPU_SHARES:
        part = min(remaining, millicores)
        reserved += part * share
        remaining -= part
    return round(reserved + remaining * _RESERVED_CPU_SHARE_OF_FURTHER_CORES)
