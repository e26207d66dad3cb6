"""How many nodes the pods of a stage need, by the pods' requests."""

from collections.abc import Iterable

from settings.base import invalid_setting
from settings.capacity import Capacity, Pod, allocatable
from settings.cluster import ClusterSettings
from settings.services import MAX_SURGE, PeakPods, ServicesSettings
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
    return _nodes_needed_for(cluster, services.peak_pods())


def prewarmed_pods(cluster: ClusterSettings, services: ServicesSettings, name: str) -> int:
    """Return the most pods that a new track of a service starts with.

    They fit the nodes and the quota of the namespace beside all services at maximum scale, so that
    the new track never waits for the old one. A release with two tracks adds no pod to the old one,
    as a rolling update does. The number is at most the maximum of the service.
    """
    service = services.by_name()[name]
    for pods in range(service.replicas.maximum, 0, -1):
        peak = [*services.peak_pods(), (f"{name}-track", pods - MAX_SURGE, service.resources)]
        fits_nodes = _nodes_needed_for(cluster, peak) <= cluster.nodes.max_nodes
        if fits_nodes and not services.quota.exceeded(peak):
            return pods
    return 0


def check_second_tracks(services: ServicesSettings, cluster: ClusterSettings) -> None:
    """Check that a second track of each service that has two fits beside the first one.

    Raises:
        PydanticCustomError: the nodes or the quota have no room for the minimum of a service.
    """
    for name, service in services.by_name().items():
        if not service.delivery.has_two_tracks:
            continue
        pods, minimum = prewarmed_pods(cluster, services, name), service.replicas.minimum
        if pods < minimum:
            raise invalid_setting(
                f"services.{name}.delivery.strategy",
                service.delivery.strategy,
                "rolling, or more cluster.nodes.max_nodes and services.quota: beside all services "
                f"at maximum scale, {pods} pods of a second track fit; its minimum is {minimum}",
            )


def _nodes_needed_for(cluster: ClusterSettings, pods: Iterable[PeakPods]) -> int:
    """Return how many nodes run these pods of the application and the pods of the system."""
    all_pods = [
        Pod(name, resources.cpu_request_millicores, resources.memory_request_mib)
        for name, count, resources in pods
        for _ in range(count)
    ]
    all_pods += deployment_pods(cluster)
    return nodes_needed(all_pods, capacity_after_daemon_sets(cluster.nodes.instance_type))


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
