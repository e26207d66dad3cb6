"""A simulator of pod scheduling: kube-scheduler, the Cluster Autoscaler and Auto Scaling.

It compares requests with the allocatable resources of nodes, as the scheduler does. Anti-affinity
and topology spread constraints are preferences in the manifests. Here too, they choose among the
nodes that fit a pod, and never keep a pod pending.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from settings.capacity import Capacity, Pod


@dataclass
class Node:
    """A node, with the capacity that its pods and DaemonSets leave."""

    zone: str
    free: Capacity
    pods: list[Pod] = field(default_factory=list)

    def add(self, pod: Pod) -> None:
        """Run a pod."""
        self.free = self.free.subtract(pod)
        self.pods.append(pod)

    def evict(self, pod: Pod) -> None:
        """Stop a pod."""
        self.free = self.free_without(pod)
        self.pods.remove(pod)

    def free_without(self, pod: Pod) -> Capacity:
        """Return the free capacity after an eviction of the pod."""
        return Capacity(
            self.free.cpu_millicores + pod.cpu_millicores,
            self.free.memory_mib + pod.memory_mib,
            self.free.pods + 1,
        )


class ClusterSimulator:
    """A cluster with one node group."""

    def __init__(
        self,
        *,
        zones: Sequence[str],
        allocatable: Capacity,
        daemon_sets: Sequence[Pod],
        nodes: int,
        max_nodes: int,
        critical: Collection[str] = (),
    ) -> None:
        """Create the nodes that exist at the start.

        Args:
            zones: The Availability Zones of the node group.
            allocatable: The allocatable resources of a node.
            daemon_sets: The pods that run on every node.
            nodes: The number of nodes at the start.
            max_nodes: The maximum size of the node group.
            critical: The names of pods with the priority class `system-cluster-critical`.
        """
        self.zones = list(zones)
        self.allocatable = allocatable
        self.max_nodes = max_nodes
        self.nodes: list[Node] = []
        self._daemon_sets = daemon_sets
        self._critical = critical
        for _ in range(nodes):
            self._add_node()

    def schedule(self, pods: Iterable[Pod], *, autoscale: bool = True) -> list[Pod]:
        """Schedule pods, critical and large ones first, and return the pods that stay pending.

        If no node fits a critical pod, it preempts a pod that is not critical. The preempted pod is
        scheduled again.

        Args:
            pods: The pods to schedule.
            autoscale: Whether the Cluster Autoscaler adds nodes for pending pods.
        """
        queue = sorted(pods, key=self._queue_position)
        pending = []
        while queue:
            pod = queue.pop(0)
            node = self._select_node(pod)
            if node is None and pod.name in self._critical:
                node, preempted = self._preempt(pod)
                queue.extend(preempted)
            if node is None and autoscale and len(self.nodes) < self.max_nodes:
                self._add_node()
                node = self._select_node(pod)
            if node is None:
                pending.append(pod)
            else:
                node.add(pod)
        return pending

    def fail_zone(self, zone: str) -> list[Pod]:
        """Remove a zone with its nodes, and return the pods that ran there."""
        failed = [node for node in self.nodes if node.zone == zone]
        self.zones.remove(zone)
        self.nodes = [node for node in self.nodes if node.zone != zone]
        return [pod for node in failed for pod in node.pods]

    def drain(self, node: Node) -> list[Pod]:
        """Remove a node, and return the pods that ran on it."""
        self.nodes.remove(node)
        return node.pods

    def zone_with_most_pods(self) -> str:
        """Return the zone whose failure stops the most pods."""
        pods = Counter(dict.fromkeys(self.zones, 0))
        for node in self.nodes:
            pods[node.zone] += len(node.pods)
        return pods.most_common(1)[0][0]

    def requested(self) -> Capacity:
        """Return the requests of all pods, including DaemonSets."""
        return Capacity(
            *(
                len(self.nodes) * allocatable - sum(node.free[index] for node in self.nodes)
                for index, allocatable in enumerate(self.allocatable)
            )
        )

    def _queue_position(self, pod: Pod) -> tuple[bool, int, int, str]:
        return pod.name not in self._critical, -pod.cpu_millicores, -pod.memory_mib, pod.name

    def _add_node(self) -> None:
        """Add a node to the zone with the fewest nodes, as Auto Scaling does."""
        zone = min(self.zones, key=[node.zone for node in self.nodes].count)
        free = self.allocatable
        for pod in self._daemon_sets:
            assert free.fits(pod), f"{pod.name} does not fit an empty node"
            free = free.subtract(pod)
        self.nodes.append(Node(zone, free))

    def _preempt(self, pod: Pod) -> tuple[Node | None, list[Pod]]:
        """Preempt the smallest pod whose node then fits the critical pod."""
        candidates = [
            (other, index)
            for index, node in enumerate(self.nodes)
            for other in node.pods
            if other.name not in self._critical and node.free_without(other).fits(pod)
        ]
        if not candidates:
            return None, []
        preempted, index = min(candidates, key=lambda candidate: candidate[0][1:])
        self.nodes[index].evict(preempted)
        return self.nodes[index], [preempted]

    def _select_node(self, pod: Pod) -> Node | None:
        """Select the node with the fewest pods of the same name in its zone, then on the node.

        Of several such nodes, select the one with the most free CPU.
        """
        pods_by_zone = Counter(
            node.zone for node in self.nodes for other in node.pods if other.name == pod.name
        )
        return min(
            (node for node in self.nodes if node.free.fits(pod)),
            key=lambda node: (
                pods_by_zone[node.zone],
                [other.name for other in node.pods].count(pod.name),
                -node.free.cpu_millicores,
            ),
            default=None,
        )
