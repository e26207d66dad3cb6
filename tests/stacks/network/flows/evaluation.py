"""Decides a flow as AWS evaluates it: routes, network ACLs both ways, security groups.

Security groups keep state: they are asked once, about the first packet. Network ACLs keep none:
they are asked about what comes back too. Inside one subnet no ACL is asked ("Control subnet
traffic with network access control lists", Amazon VPC user guide).
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
"""The ends of what NAT gateways, load balancers and functions pick from."""

UNFILTERED = frozenset({Address("169.254.169.253"), Address("169.254.169.123")})
"""The VPC's resolver and the Amazon Time Sync Service, which neither ACLs nor groups filter."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """An interface, or a host outside of the VPC."""

    name: str
    address: Address
    subnet: Subnet | None = None
    groups: tuple[str, ...] = ()
    is_public: bool = False
    """Whether it has a public address beside its own."""


@dataclass(frozen=True, kw_only=True)
class Flow:
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
    def back(self) -> _Hop:
        return _Hop(
            subnet=self.subnet,
            leaving=not self.leaving,
            source=self.destination,
            destination=self.source,
        )

    def __str__(self) -> str:
        return f"{self.subnet.tier} {'out' if self.leaving else 'in'}"


class Evaluator:
    """Answers what stops a flow."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def opening(self, flow: Flow) -> frozenset[str]:
        """Return everything that refuses the first packet, each on its own; empty lets it pass."""
        if flow.destination.address in UNFILTERED:
            return frozenset()
        refused = {
            *self._refusing_routes(flow.source, flow.destination),
            *self._refusing_groups(flow),
        }
        hops = self._hops(flow)
        refused.update(str(hop) for hop in hops if not self._acl(hop, flow.protocol, flow.port))
        return frozenset(refused)

    def returning(self, flow: Flow) -> frozenset[str]:
        """Return what refuses the answer, or a router's word that a packet is too large."""
        if flow.destination.address in UNFILTERED:
            return frozenset()
        hops = self._hops(flow)
        back = [hop.back for hop in reversed(hops)]
        refused = {
            f"{hop}, answer"
            for hop in back
            for port in EPHEMERAL_PORTS
            if flow.protocol != "icmp" and not self._acl(hop, flow.protocol, port)
        }
        inwards = self._from_outside(flow, hops, back)
        refused.update(
            f"{hop}, too large"
            for hop in inwards
            if not self._acl(hop, "icmp", FRAGMENTATION_NEEDED)
        )
        return frozenset(refused)

    def _from_outside(self, flow: Flow, hops: list[_Hop], back: list[_Hop]) -> list[_Hop]:
        """Return the hops of a packet from the internet to the end that lies in the VPC."""
        if flow.source.subnet is None:
            return hops
        return back if flow.destination.subnet is None else []

    def _hops(self, flow: Flow) -> list[_Hop]:
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
        """Return the kind and target of the longest prefix that holds the address."""
        fitting = [route for route in subnet.routes if address in route.range] if subnet else []
        if not fitting:
            return "", ""
        best = max(fitting, key=lambda route: route.range.prefixlen)
        return best.kind, best.target

    def _refusing_routes(self, source: Host, destination: Host) -> Iterator[str]:
        """The internet is reached with a public address through its gateway, or through NAT."""
        for near, far in ((source, destination), (destination, source)):
            if near.subnet is None:
                continue
            kind, _ = self._route(near.subnet, far.address)
            if not kind:
                yield f"no route from the {near.subnet.tier} tier"
            elif kind == "internet" and not near.is_public:
                yield f"no public address in the {near.subnet.tier} tier"
            elif kind in ("nat", "endpoint") and near is destination:
                yield "NAT opens nothing inwards"
        nat = self._nat_subnet(source, destination)
        if nat and self._route(nat, destination.address)[0] != "internet":
            yield "no route from NAT"

    def _acl(self, hop: _Hop, protocol: str, port: int) -> bool:
        """The first entry that fits decides; none refuses."""
        peer = hop.destination if hop.leaving else hop.source
        for entry in self._network.entries_of.get((hop.subnet.acl, hop.leaving), []):
            if (
                entry.protocol in (ALL_PROTOCOLS, protocol)
                and (entry.protocol == ALL_PROTOCOLS or entry.ports[0] <= port <= entry.ports[1])
                and peer in entry.range
            ):
                return entry.allow
        return False

    def _refusing_groups(self, flow: Flow) -> Iterator[str]:
        source, destination = flow.source, flow.destination
        for near, far, egress in ((source, destination, True), (destination, source, False)):
            if near.subnet is None:
                continue
            rules = self._network.rules_of
            allowed = any(
                _fits(rule, flow, far)
                for group in near.groups
                for rule in rules.get((group, egress), [])
            )
            if not allowed:
                yield f"{near.name} group {'out' if egress else 'in'}"


def _fits(rule: GroupRule, flow: Flow, peer: Host) -> bool:
    if rule.protocol != ALL_PROTOCOLS and not (
        rule.protocol == flow.protocol and rule.ports[0] <= flow.port <= rule.ports[1]
    ):
        return False
    if isinstance(rule.peer, Range):
        return peer.address in rule.peer
    return rule.peer in peer.groups
