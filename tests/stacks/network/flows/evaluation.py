"""Evaluates a flow as AWS does: with route tables, network ACLs and security groups.

Security groups are stateful, so that they apply to the first packet only. Network ACLs are
stateless, so that they apply to the response too. No network ACL applies inside a subnet ("Control
subnet traffic with network access control lists", Amazon VPC User Guide).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.stacks.network.flows.network import (
    ALL_PROTOCOLS,
    Address,
    GroupRule,
    Network,
    Range,
    Subnet,
    icmp,
)

FRAGMENTATION_NEEDED = icmp(3, 4)
EPHEMERAL_PORTS = (1024, 65535)
"""The first and the last port that NAT gateways, load balancers and functions choose from."""

UNFILTERED = frozenset({Address("169.254.169.253"), Address("169.254.169.123")})
"""The VPC's DNS resolver and the Amazon Time Sync Service: neither network ACLs nor security groups
filter their traffic."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A network interface in the VPC, or a host outside it."""

    name: str
    address: Address
    subnet: Subnet | None = None
    groups: tuple[str, ...] = ()
    is_public: bool = False
    """Whether it has a public address as well as its private one."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A connection that the source opens to a port of the destination."""

    source: Host
    destination: Host
    protocol: str
    port: int

    def __str__(self) -> str:
        return f"{self.source.name} -> {self.destination.name} {self.protocol}/{self.port}"


@dataclass(frozen=True, kw_only=True)
class _Hop:
    """A packet at the border of a subnet."""

    subnet: Subnet
    leaving: bool
    source: Address
    destination: Address

    @property
    def response(self) -> _Hop:
        """The hop of the response, in the opposite direction."""
        return _Hop(
            subnet=self.subnet,
            leaving=not self.leaving,
            source=self.destination,
            destination=self.source,
        )

    def __str__(self) -> str:
        return f"{self.subnet.tier} {'out' if self.leaving else 'in'}"


class Evaluator:
    """Finds what blocks a flow in a network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def request_blockers(self, flow: Flow) -> frozenset[str]:
        """Return every route, ACL and group that blocks the first packet.

        An empty set means that the packet arrives.
        """
        if flow.destination.address in UNFILTERED:
            return frozenset()
        blockers = {
            *self._route_blockers(flow.source, flow.destination),
            *self._group_blockers(flow),
        }
        hops = self._hops(flow)
        blockers.update(
            str(hop) for hop in hops if not self._acl_allows(hop, flow.protocol, flow.port)
        )
        return frozenset(blockers)

    def response_blockers(self, flow: Flow) -> frozenset[str]:
        """Return every ACL that blocks the response, or the message that a packet is too large.

        A router on the internet sends this ICMP message to the host that is in the VPC.
        """
        if flow.destination.address in UNFILTERED:
            return frozenset()
        hops = self._hops(flow)
        response_hops = [hop.response for hop in reversed(hops)]
        blockers = {
            f"{hop}, response"
            for hop in response_hops
            for port in EPHEMERAL_PORTS
            if flow.protocol != "icmp" and not self._acl_allows(hop, flow.protocol, port)
        }
        inbound_hops: list[_Hop] = []
        if flow.source.subnet is None:
            inbound_hops = hops
        elif flow.destination.subnet is None:
            inbound_hops = response_hops
        blockers.update(
            f"{hop}, fragmentation needed"
            for hop in inbound_hops
            if not self._acl_allows(hop, "icmp", FRAGMENTATION_NEEDED)
        )
        return frozenset(blockers)

    def _hops(self, flow: Flow) -> list[_Hop]:
        """Return the subnet borders that the first packet crosses, in their order."""
        source, destination = flow.source, flow.destination
        if source.subnet is not None and source.subnet is destination.subnet:
            return []
        sender, target = source.address, destination.address
        hops = []
        if source.subnet:
            hops.append(_Hop(subnet=source.subnet, leaving=True, source=sender, destination=target))
        if nat := self._nat_subnet(source, destination):
            hops.append(_Hop(subnet=nat, leaving=False, source=sender, destination=target))
            sender = nat.range[4]
            hops.append(_Hop(subnet=nat, leaving=True, source=sender, destination=target))
        if end := destination.subnet:
            hops.append(_Hop(subnet=end, leaving=False, source=sender, destination=target))
        return hops

    def _nat_subnet(self, source: Host, destination: Host) -> Subnet | None:
        kind, target = self._route(source.subnet, destination.address)
        if kind != "nat":
            return None
        return self._network.subnets[self._network.nat_gateways[target]]

    @staticmethod
    def _route(subnet: Subnet | None, address: Address) -> tuple[str, str]:
        """Return the kind and the target of the most specific route to the address."""
        matching = [route for route in subnet.routes if address in route.range] if subnet else []
        if not matching:
            return "", ""
        route = max(matching, key=lambda route: route.range.prefixlen)
        return route.kind, route.target

    def _route_blockers(self, source: Host, destination: Host) -> Iterator[str]:
        """Yield what keeps a host of the VPC from the other host.

        The way to the internet is the internet gateway for a host with a public address, and a NAT
        gateway for others.
        """
        for near, far in ((source, destination), (destination, source)):
            if near.subnet is None:
                continue
            kind, _ = self._route(near.subnet, far.address)
            if not kind:
                yield f"no route from the {near.subnet.tier} tier"
            elif kind == "internet" and not near.is_public:
                yield f"no public address in the {near.subnet.tier} tier"
            elif kind in ("nat", "endpoint") and near is destination:
                yield "no inbound connection through NAT"
        nat = self._nat_subnet(source, destination)
        if nat and self._route(nat, destination.address)[0] != "internet":
            yield "no route from NAT"

    def _acl_allows(self, hop: _Hop, protocol: str, port: int) -> bool:
        """Return the action of the first entry that matches; without one, the ACL denies."""
        peer = hop.destination if hop.leaving else hop.source
        for entry in self._network.entries_of.get((hop.subnet.acl, hop.leaving), []):
            if (
                entry.protocol in (ALL_PROTOCOLS, protocol)
                and (entry.protocol == ALL_PROTOCOLS or entry.ports[0] <= port <= entry.ports[1])
                and peer in entry.range
            ):
                return entry.allow
        return False

    def _group_blockers(self, flow: Flow) -> Iterator[str]:
        source, destination = flow.source, flow.destination
        for near, far, egress in ((source, destination, True), (destination, source, False)):
            if near.subnet is None:
                continue
            rules = self._network.rules_of
            allowed = any(
                _matches(rule, flow, far)
                for group in near.groups
                for rule in rules.get((group, egress), [])
            )
            if not allowed:
                yield f"{near.name} group {'out' if egress else 'in'}"


def _matches(rule: GroupRule, flow: Flow, peer: Host) -> bool:
    if rule.protocol != ALL_PROTOCOLS and not (
        rule.protocol == flow.protocol and rule.ports[0] <= flow.port <= rule.ports[1]
    ):
        return False
    if isinstance(rule.peer, Range):
        return peer.address in rule.peer
    return rule.peer in peer.groups
