"""The flows that a stage needs, and those that must not be: with everything that stops each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.stacks.network.flows.evaluation import UNFILTERED, Flow, Host
from tests.stacks.network.flows.network import S3_RANGE, Address, Network, icmp

RESOLVER, TIME_SYNC = sorted(UNFILTERED, reverse=True)
_OUTSIDE = {
    "internet": Address("198.51.100.7"),
    "s3": S3_RANGE[7],
    "resolver": RESOLVER,
    "time-sync": TIME_SYNC,
}
_TIERS = {"alb": "public", "database": "database", "cache": "database"}
"""The tier of each kind of interface; the private one where it is not named."""

_PING = icmp(8, 0)
_TOO_LARGE = icmp(3, 4)


class Kind(NamedTuple):
    """A flow between two kinds of hosts, in whatever zones they are."""

    source: str
    destination: str
    protocol: str
    port: int


REQUIRED = [
    Kind("internet", "alb", "tcp", 443),
    Kind("internet", "alb", "tcp", 80),
    Kind("alb", "pod", "tcp", 3001),
    Kind("alb", "pod", "tcp", 80),
    Kind("pod", "database", "tcp", 5432),
    Kind("pod", "cache", "tcp", 6379),
    # Discord, image registries, AWS's APIs: the pods' and the nodes' way out.
    Kind("pod", "internet", "tcp", 443),
    Kind("pod", "s3", "tcp", 443),
    Kind("pod", "resolver", "udp", 53),
    Kind("pod", "time-sync", "udp", 123),
    # Between pods: CoreDNS, and any port of their own.
    Kind("pod", "pod", "udp", 53),
    Kind("pod", "pod", "tcp", 53),
    Kind("pod", "pod", "tcp", 3001),
    # Between nodes and control plane: API, kubelet, webhooks.
    Kind("pod", "api", "tcp", 443),
    Kind("api", "pod", "tcp", 10250),
    Kind("api", "pod", "tcp", 9443),
    Kind("kubectl", "api", "tcp", 443),
    Kind("kubectl", "internet", "tcp", 443),
    Kind("kubectl", "s3", "tcp", 443),
    Kind("kubectl", "resolver", "udp", 53),
    # The functions that rotate passwords: PostgreSQL, Redis, Secrets Manager, ElastiCache.
    Kind("rotation", "database", "tcp", 5432),
    Kind("rotation", "cache", "tcp", 6379),
    Kind("rotation", "internet", "tcp", 443),
    Kind("rotation", "resolver", "udp", 53),
]

REQUIRED_WITH_ENDPOINTS = [
    Kind("pod", "endpoint", "tcp", 443),
    Kind("kubectl", "endpoint", "tcp", 443),
    Kind("rotation", "endpoint", "tcp", 443),
]

_NO_ROUTE = "no route from the database tier"
_NOT_INWARDS = "NAT opens nothing inwards"

FORBIDDEN: dict[Kind, set[str]] = {
    # Nobody on the internet gets past the load balancer, or to another of its ports.
    Kind("internet", "alb", "tcp", 22): {"public in", "alb group in"},
    Kind("internet", "alb", "tcp", 8080): {"alb group in"},
    Kind("internet", "alb", "udp", 443): {"public in", "alb group in"},
    Kind("internet", "alb", "udp", 80): {"public in", "alb group in"},
    Kind("internet", "alb", "icmp", _PING): {"public in", "alb group in"},
    Kind("internet", "pod", "tcp", 3001): {_NOT_INWARDS, "pod group in"},
    Kind("internet", "pod", "tcp", 80): {_NOT_INWARDS, "private in", "pod group in"},
    Kind("internet", "pod", "tcp", 22): {_NOT_INWARDS, "private in", "pod group in"},
    Kind("internet", "pod", "icmp", _PING): {_NOT_INWARDS, "private in", "pod group in"},
    Kind("internet", "api", "tcp", 443): {_NOT_INWARDS, "private in", "api group in"},
    Kind("internet", "database", "tcp", 5432): {_NO_ROUTE, "database in", "database group in"},
    Kind("internet", "cache", "tcp", 6379): {_NO_ROUTE, "database in", "cache group in"},
    # The load balancer reaches the application's two ports, and nothing else.
    Kind("alb", "pod", "tcp", 22): {"alb group out", "public out", "private in", "pod group in"},
    Kind("alb", "pod", "tcp", 443): {"alb group out", "private in", "pod group in"},
    Kind("alb", "pod", "tcp", 9090): {"alb group out", "private in", "pod group in"},
    Kind("alb", "pod", "tcp", 10250): {"alb group out", "private in", "pod group in"},
    Kind("alb", "pod", "udp", 53): {"alb group out", "public out", "private in", "pod group in"},
    Kind("alb", "pod", "udp", 80): {"alb group out", "public out", "private in", "pod group in"},
    Kind("alb", "pod", "udp", 3001): {"alb group out", "public out", "private in", "pod group in"},
    Kind("alb", "pod", "icmp", _PING): {
        *("alb group out", "public out", "private in", "pod group in"),
    },
    Kind("alb", "api", "tcp", 443): {"alb group out", "private in", "api group in"},
    Kind("alb", "database", "tcp", 5432): {"alb group out", "database in", "database group in"},
    Kind("alb", "database", "tcp", 3001): {"alb group out", "database in", "database group in"},
    Kind("alb", "cache", "tcp", 6379): {"alb group out", "database in", "cache group in"},
    Kind("alb", "internet", "tcp", 25): {"alb group out", "public out"},
    Kind("alb", "internet", "tcp", 80): {"alb group out", "public out"},
    Kind("alb", "internet", "tcp", 443): {"alb group out"},
    Kind("alb", "internet", "tcp", 3001): {"alb group out"},
    Kind("alb", "internet", "udp", 443): {"alb group out", "public out"},
    Kind("alb", "internet", "icmp", _PING): {"alb group out", "public out"},
    Kind("alb", "internet", "icmp", _TOO_LARGE): {"alb group out", "public out"},
    # The data stores answer, and open nothing themselves.
    Kind("database", "internet", "tcp", 443): {_NO_ROUTE, "database out", "database group out"},
    Kind("database", "internet", "tcp", 8080): {_NO_ROUTE, "database out", "database group out"},
    Kind("database", "s3", "tcp", 443): {_NO_ROUTE, "database out", "database group out"},
    Kind("database", "alb", "tcp", 8080): {"database group out", "database out", "alb group in"},
    Kind("database", "pod", "tcp", 3001): {"database group out", "pod group in"},
    Kind("database", "pod", "tcp", 80): {
        *("database group out", "database out", "private in", "pod group in"),
    },
    Kind("database", "pod", "udp", 53): {
        *("database group out", "database out", "private in", "pod group in"),
    },
    Kind("database", "cache", "tcp", 6379): {
        *("database group out", "database out", "database in", "cache group in"),
    },
    Kind("cache", "database", "tcp", 5432): {
        *("cache group out", "database out", "database in", "database group in"),
    },
    Kind("cache", "internet", "tcp", 443): {_NO_ROUTE, "database out", "cache group out"},
    # Pods and nodes reach each store on its own port, and the internet on 443.
    Kind("pod", "database", "tcp", 22): {"private out", "database in", "database group in"},
    Kind("pod", "database", "tcp", 443): {"database in", "database group in"},
    Kind("pod", "database", "tcp", 6379): {"database group in"},
    Kind("pod", "database", "udp", 5432): {"private out", "database in", "database group in"},
    Kind("pod", "cache", "tcp", 22): {"private out", "database in", "cache group in"},
    Kind("pod", "cache", "tcp", 5432): {"cache group in"},
    Kind("pod", "cache", "udp", 6379): {"private out", "database in", "cache group in"},
    Kind("pod", "internet", "tcp", 25): {"private out", "public in", "public out"},
    Kind("pod", "internet", "tcp", 80): {"private out", "public out"},
    Kind("pod", "internet", "tcp", 5432): {"private out"},
    Kind("pod", "internet", "tcp", 6379): {"private out"},
    Kind("pod", "internet", "tcp", 8080): {"private out"},
    Kind("pod", "internet", "udp", 53): {"private out", "public in", "public out"},
    Kind("pod", "internet", "udp", 443): {"private out", "public in", "public out"},
    Kind("pod", "alb", "tcp", 22): {"private out", "public in", "alb group in"},
    Kind("pod", "alb", "udp", 443): {"private out", "public in", "alb group in"},
    # Who applies manifests reaches the API, and neither pods nor data.
    Kind("kubectl", "api", "tcp", 10250): {"kubectl group out", "api group in"},
    Kind("kubectl", "api", "udp", 443): {"kubectl group out", "api group in"},
    Kind("kubectl", "pod", "tcp", 3001): {"kubectl group out", "pod group in"},
    Kind("kubectl", "pod", "tcp", 80): {"kubectl group out", "pod group in"},
    Kind("kubectl", "database", "tcp", 5432): {"kubectl group out", "database group in"},
    Kind("kubectl", "cache", "tcp", 6379): {"kubectl group out", "cache group in"},
    Kind("kubectl", "internet", "tcp", 80): {"kubectl group out", "private out", "public out"},
    # Who rotates passwords reaches PostgreSQL and Redis, and no pod.
    Kind("rotation", "database", "tcp", 22): {
        *("rotation group out", "private out", "database in", "database group in"),
    },
    Kind("rotation", "database", "tcp", 443): {"database in", "database group in"},
    Kind("rotation", "database", "udp", 5432): {
        *("rotation group out", "private out", "database in", "database group in"),
    },
    Kind("rotation", "cache", "tcp", 5432): {"rotation group out", "cache group in"},
    Kind("rotation", "cache", "udp", 6379): {
        *("rotation group out", "private out", "database in", "cache group in"),
    },
    Kind("rotation", "pod", "tcp", 3001): {"rotation group out", "pod group in"},
    Kind("rotation", "pod", "tcp", 5432): {"rotation group out", "pod group in"},
    Kind("rotation", "internet", "tcp", 80): {"rotation group out", "private out", "public out"},
    Kind("rotation", "internet", "tcp", 5432): {"rotation group out", "private out"},
    Kind("rotation", "internet", "tcp", 6379): {"rotation group out", "private out"},
    Kind("rotation", "internet", "udp", 443): {
        *("rotation group out", "private out", "public in", "public out"),
    },
    Kind("pod", "rotation", "tcp", 443): {"rotation group in"},
    # The API's interfaces carry the cluster's group too; an interface with ours alone sends
    # nothing.
    Kind("control-plane-group", "internet", "tcp", 443): {"control-plane-group group out"},
}
"""Each with everything that stops it on its own, so that a layer that opens is seen behind
another that still holds."""

FORBIDDEN_WITH_ENDPOINTS: dict[Kind, set[str]] = {
    Kind("alb", "endpoint", "tcp", 443): {"alb group out", "private in", "endpoint group in"},
    Kind("pod", "endpoint", "tcp", 80): {"endpoint group in"},
    Kind("pod", "endpoint", "udp", 443): {"endpoint group in"},
    Kind("kubectl", "endpoint", "tcp", 80): {"kubectl group out", "endpoint group in"},
    Kind("kubectl", "endpoint", "udp", 443): {"kubectl group out", "endpoint group in"},
    Kind("rotation", "endpoint", "tcp", 80): {"rotation group out", "endpoint group in"},
    Kind("rotation", "endpoint", "udp", 443): {"rotation group out", "endpoint group in"},
    Kind("endpoint", "internet", "tcp", 443): {"endpoint group out"},
}


def required(network: Network) -> Iterator[Flow]:
    """Every flow that must pass, in every combination of zones."""
    kinds = [*REQUIRED, *(REQUIRED_WITH_ENDPOINTS if network.endpoints else [])]
    for kind in kinds:
        for source in hosts(network, kind.source):
            for destination in hosts(network, kind.destination):
                yield _flow(kind, source, destination)


def forbidden(network: Network) -> Iterator[tuple[Flow, frozenset[str]]]:
    """Every flow that must not pass, from one zone to the next, with what stops it."""
    kinds = {**FORBIDDEN, **(FORBIDDEN_WITH_ENDPOINTS if network.endpoints else {})}
    for kind, stops in kinds.items():
        source = hosts(network, kind.source)[0]
        destination = hosts(network, kind.destination)[-1]
        yield _flow(kind, source, destination), frozenset(stops)


def hosts(network: Network, name: str) -> list[Host]:
    """Return a host of this kind in every zone, or the one outside."""
    if name in _OUTSIDE:
        return [Host(name=name, address=_OUTSIDE[name])]
    tier = _TIERS.get(name, "private")
    offset = 10 + sorted(network.groups).index(name)
    return [
        Host(
            name=name,
            address=network.subnet(tier, zone).range[offset],
            subnet=network.subnet(tier, zone),
            groups=network.groups[name],
            is_public=name == "alb",
        )
        for zone in network.zones
    ]


def _flow(kind: Kind, source: Host, destination: Host) -> Flow:
    return Flow(source=source, destination=destination, protocol=kind.protocol, port=kind.port)
