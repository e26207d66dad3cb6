"""How many addresses a private subnet must hold: the VPC CNI gives every pod one."""

import math

RESERVED_ADDRESSES = 5
"""Of each subnet, AWS keeps the first four and the last ("Subnet sizing", Amazon VPC)."""

_CONTROL_PLANE = 16
"""EKS asks for 6 free addresses in each of its subnets and recommends 16 ("Subnet requirements
for clusters"): it makes new interfaces before it drops old ones.
"""
_FUNCTIONS = 4
"""Lambda has one interface for each subnet and set of groups: kubectl provider, rotation."""

_SURGE = 6
"""Nodes that a rolling update of a managed node group may add: twice the zones ("Understand each
phase of node updates").
"""
_ZONES_LEFT = 2


def node_addresses(max_pods: int) -> int:
    """Return how many addresses a node takes when every interface and warm address is attached.

    A type's pods are the secondary addresses of all its interfaces, and two more that use the
    host's (`eni-max-pods.txt`); each interface, of which these types have four at most, takes its
    primary address besides. The CNI's warm targets attach no more than that.
    """
    return max_pods - 2 + 4


def count_required_addresses(*, max_nodes: int, max_pods: int, interface_endpoints: int) -> int:
    """Return the addresses that a subnet must have at the maximum scale, in the worst hour.

    That is a rolling replacement of all nodes while one zone of three is lost.

    Args:
        max_nodes: of the node group.
        max_pods: that a node takes.
        interface_endpoints: each has an interface in every subnet.
    """
    nodes = math.ceil((max_nodes + _SURGE) / _ZONES_LEFT)
    return nodes * node_addresses(max_pods) + _CONTROL_PLANE + _FUNCTIONS + interface_endpoints
