"""A scheduler in small: places pods on nodes as kube-scheduler and the Cluster Autoscaler would.

By requests alone. Anti-affinity and the spread over zones are preferences, here as in the
manifests: they choose among the nodes that have room, and never keep a pod waiting.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from settings.capacity import Capacity, Pod


@dataclass
class Node:
    """A node, with what its daemons leave free."""

    zone: str
    room: Capacity
    pods: list[Pod] = field(default_factory=list)

    def take(self, pod: Pod) -> None:
        """Run the pod."""
        self.room = self.room.subtract(pod)
        self.pods.append(pod)

    def evict(self, pod: Pod) -> None:
        """Run it no longer."""
        self.room = self.room_without(pod)
        self.pods.remove(pod)

    def room_without(self, pod: Pod) -> Capacity:
        """Return what would be left free without the pod."""
        room = self.room
        return Capacity(
            room.cpu_millicores + pod.cpu_millicores,
            room.memory_mib + pod.memory_mib,
            room.pods + 1,
        )


class Cluster:
    """Nodes of one group, over the zones that are left."""

    def __init__(
        self,
        *,
        zones: Sequence[str],
        allocatable: Capacity,
        daemons: Sequence[Pod],
        nodes: int,
        maximum: int,
        critical: Collection[str] = (),
    ) -> None:
        """Start with some nodes; the autoscaler may add more, up to the maximum.

        Args:
            zones: where nodes are.
            allocatable: what a node offers.
            daemons: what runs on every node.
            nodes: to start with.
            maximum: of the node group.
            critical: names of pods that are placed before all others.
        """
        self.zones = list(zones)
        self.allocatable = allocatable
        self.maximum = maximum
        self.nodes: list[Node] = []
        self._daemons = daemons
        self._critical = critical
        for _ in range(nodes):
            self._add_node()

    def schedule(self, pods: Iterable[Pod], *, autoscale: bool = True) -> list[Pod]:
        """Place the pods, critical and large ones first; return those that find no room.

        A critical pod that finds none takes the place of a small one, which waits instead.
        """
        queue = sorted(pods, key=self._rank)
        waiting = []
        while queue:
            pod = queue.pop(0)
            node = self._choose(pod)
            if node is None and pod.name in self._critical:
                node, evicted = self._preempt(pod)
                queue.extend(evicted)
            if node is None and autoscale and len(self.nodes) < self.maximum:
                self._add_node()
                node = self._choose(pod)
            if node is None:
                waiting.append(pod)
            else:
                node.take(pod)
        return waiting

    def lose(self, zone: str) -> list[Pod]:
        """Lose a zone; return the pods that ran there."""
        lost = [node for node in self.nodes if node.zone == zone]
        self.zones.remove(zone)
        self.nodes = [node for node in self.nodes if node.zone != zone]
        return [pod for node in lost for pod in node.pods]

    def remove(self, node: Node) -> list[Pod]:
        """Take a node out; return the pods that ran on it."""
        self.nodes.remove(node)
        return node.pods

    def fullest_zone(self) -> str:
        """Return the zone whose loss takes the most pods."""
        pods = Counter(dict.fromkeys(self.zones, 0))
        for node in self.nodes:
            pods[node.zone] += len(node.pods)
        return pods.most_common(1)[0][0]

    def requested(self) -> Capacity:
        """Return what all pods, daemons included, take together."""
        return Capacity(
            *(
                len(self.nodes) * whole - sum(node.room[index] for node in self.nodes)
                for index, whole in enumerate(self.allocatable)
            )
        )

    def _rank(self, pod: Pod) -> tuple[bool, int, int, str]:
        last = pod.name not in self._critical
        return last, -pod.cpu_millicores, -pod.memory_mib, pod.name

    def _add_node(self) -> None:
        """Add a node where there are the fewest, as Auto Scaling does."""
        zone = min(self.zones, key=[node.zone for node in self.nodes].count)
        room = self.allocatable
        for daemon in self._daemons:
            assert room.fits(daemon), f"{daemon.name} does not fit an empty node"
            room = room.subtract(daemon)
        self.nodes.append(Node(zone, room))

    def _preempt(self, pod: Pod) -> tuple[Node | None, list[Pod]]:
        """Evict the smallest pod whose place will do; return the node and whom it cost."""
        candidates = [
            (other, index)
            for index, node in enumerate(self.nodes)
            for other in node.pods
            if other.name not in self._critical and node.room_without(other).fits(pod)
        ]
        if not candidates:
            return None, []
        evicted, index = min(candidates, key=lambda each: each[0][1:])
        self.nodes[index].evict(evicted)
        return self.nodes[index], [evicted]

    def _choose(self, pod: Pod) -> Node | None:
        """Choose the zone, then the node, with the fewest pods alike; then the emptiest."""
        alike = Counter(
            node.zone for node in self.nodes for other in node.pods if other.name == pod.name
        )
        return min(
            (node for node in self.nodes if node.room.fits(pod)),
            key=lambda node: (
                alike[node.zone],
                [other.name for other in node.pods].count(pod.name),
                -node.room.cpu_millicores,
            ),
            default=None,
        )
