"""The IP addresses that a private subnet needs. The VPC CNI gives an address to every pod."""

import math

from settings.base import invalid_setting
from settings.cluster import ClusterSettings
from settings.instances import NODE_TYPES
from settings.network import NetworkSettings

RESERVED_ADDRESSES = 5
"""AWS reserves the first four addresses and the last one of each subnet ("Subnet sizing for your
VPC", Amazon VPC User Guide)."""

_CONTROL_PLANE_ADDRESSES = 16
"""EKS needs 6 free addresses in each subnet and recommends 16: it creates new network interfaces
before it deletes the old ones. Source: "Subnet requirements for clusters", EKS User Guide."""
_FUNCTION_ADDRESSES = 4
"""Lambda has one network interface for each combination of a subnet and security groups. The
kubectl provider and the rotation functions run in the private subnets."""
_UPDATE_SURGE_NODES = 6
"""An update of a managed node group adds up to two nodes for each of the three Availability Zones.
Source: "Understand each phase of node updates", EKS User Guide."""
_ZONES_DURING_AN_OUTAGE = 2
_MAX_NETWORK_INTERFACES = 4
"""The types in `NODE_TYPES` have three or four."""
_PODS_ON_THE_HOST_NETWORK = 2
"""`eni-max-pods.txt` adds two pods that use the node's own address."""


def count_node_addresses(max_pods: int) -> int:
    """Return how many addresses a node has when all its network interfaces are full.

    A node can run as many pods as its interfaces have secondary addresses, and two pods on the
    host network. Each interface has a primary address besides. The warm pool of the VPC CNI comes
    out of the same addresses.
    """
    return max_pods - _PODS_ON_THE_HOST_NETWORK + _MAX_NETWORK_INTERFACES


def count_required_addresses(*, max_nodes: int, max_pods: int, interface_endpoints: int) -> int:
    """Return how many addresses a private subnet needs in the worst case.

    The worst case is an update of the node group at maximum scale while one of the three
    Availability Zones is unavailable.

    Args:
        max_nodes: the maximum size of the node group.
        max_pods: the number of pods that a node can run.
        interface_endpoints: the number of VPC endpoints with an interface in every subnet.
    """
    nodes = math.ceil((max_nodes + _UPDATE_SURGE_NODES) / _ZONES_DURING_AN_OUTAGE)
    return (
        nodes * count_node_addresses(max_pods)
        + _CONTROL_PLANE_ADDRESSES
        + _FUNCTION_ADDRESSES
        + interface_endpoints
    )


def check_private_subnets(network: NetworkSettings, cluster: ClusterSettings) -> None:
    """Check that the private subnets have enough addresses.

    Raises:
        PydanticCustomError: the prefix is too long for the node group.
    """
    nodes = cluster.nodes
    required = count_required_addresses(
        max_nodes=nodes.max_nodes,
        max_pods=NODE_TYPES[nodes.instance_type].max_pods,
        interface_endpoints=len(network.interface_endpoints),
    )
    prefix_length = network.subnets.private_prefix_length
    if required > 2 ** (32 - prefix_length) - RESERVED_ADDRESSES:
        longest = 32 - (required + RESERVED_ADDRESSES - 1).bit_length()
        raise invalid_setting(
            "network.subnets.private_prefix_length",
            prefix_length,
            f"at most {longest}: {nodes.max_nodes} nodes of {nodes.instance_type} and their "
            f"pods take {required} addresses of a subnet while a zone is lost",
        )
