"""How many nodes the pods of a stage need, by the pods' requests."""

from collections.abc import Iterable

from settings.base import invalid_setting
from settings.capacity import Capacity, Pod, allocatable
from settings.cluster import ClusterSettings
from settings.services import ServicesSettings
from settings.system_pods import daemon_set_pods, deployment_pods


def capacity_after_daemon_sets(node_type: str) -> Capacity:
    """Return what a node offers to the pods of Deployments and Jobs."""
    capacity = allocatable(node_type)
    for pod in daemon_set_pods():
        capacity = capacity.subtract(pod)
    return capacity


def nodes_needed(pods: Iterable[Pod], capacity: Capacity) -> int:
    """Return a number of nodes of this capacity that can run the pods.

    The function places the largest pod first, each on the first node that fits it. The scheduler
    may need fewer nodes. Every pod must fit an empty node.
    """
    nodes: list[Capacity] = []

    def share_of_node(pod: Pod) -> float:
        return max(
            pod.cpu_millicores / capacity.cpu_millicores, pod.memory_mib / capacity.memory_mib
        )

    for pod in sorted(pods, key=share_of_node, reverse=True):
        for index, node in enumerate(nodes):
            if node.fits(pod):
                nodes[index] = node.subtract(pod)
                break
        else:
            nodes.append(capacity.subtract(pod))
    return len(nodes)


def nodes_needed_for_release(cluster: ClusterSettings, services: ServicesSettings) -> int:
    """Return how many nodes a release at maximum scale needs.

    The loss of an Availability Zone does not change the number: Auto Scaling starts the missing
    nodes in the other zones.
    """
    pods = [
        Pod(name, resources.cpu_request_millicores, resources.memory_request_mib)
        for name, count, resources in services.peak_pods()
        for _ in range(count)
    ]
    pods += deployment_pods(cluster)
    return nodes_needed(pods, capacity_after_daemon_sets(cluster.nodes.instance_type))


def check_pod_sizes(services: ServicesSettings, cluster: ClusterSettings) -> None:
    """Check that a node can run a pod of each service.

    Raises:
        PydanticCustomError: a pod requests more than a node offers.
    """
    node_type = cluster.nodes.instance_type
    capacity = capacity_after_daemon_sets(node_type)
    for name, service in services.by_name().items():
        for key, found, most in (
            (
                "cpu_request_millicores",
                service.resources.cpu_request_millicores,
                capacity.cpu_millicores,
            ),
            ("memory_request_mib", service.resources.memory_request_mib, capacity.memory_mib),
        ):
            if found > most:
                raise invalid_setting(
                    f"services.{name}.resources.{key}",
                    found,
                    f"at most {most}: what a {node_type} has for it beside what runs on every "
                    "node; no number of nodes would do",
                )


def check_node_count(services: ServicesSettings, cluster: ClusterSettings) -> None:
    """Check that the node group can run a release at maximum scale. Check the pods' sizes before.

    Raises:
        PydanticCustomError: the release needs more nodes than the node group may have.
    """
    nodes = cluster.nodes
    needed = nodes_needed_for_release(cluster, services)
    if needed > nodes.max_nodes:
        raise invalid_setting(
            "cluster.nodes.max_nodes",
            nodes.max_nodes,
            f"at least {needed}: so many nodes of {nodes.instance_type} it takes to run the "
            "services at maximum replicas, a release of theirs and the system's pods",
        )
