"""The flows that a stage needs, and forbidden flows with everything that must block each."""

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
"""The tier of each kind of network interface. The others are in the private tier."""

_PING = icmp(8, 0)
_FRAGMENTATION_NEEDED = icmp(3, 4)


class Kind(NamedTuple):
    """A flow between two kinds of hosts, in any of their Availability Zones."""

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
    # Pods and nodes call Discord, image registries and the APIs of AWS.
    Kind("pod", "internet", "tcp", 443),
    Kind("pod", "s3", "tcp", 443),
    Kind("pod", "resolver", "udp", 53),
    Kind("pod", "time-sync", "udp", 123),
    # Pods call CoreDNS and each other.
    Kind("pod", "pod", "udp", 53),
    Kind("pod", "pod", "tcp", 53),
    Kind("pod", "pod", "tcp", 3001),
    # Nodes call the Kubernetes API, which calls kubelets and webhooks.
    Kind("pod", "api", "tcp", 443),
    Kind("api", "pod", "tcp", 10250),
    Kind("api", "pod", "tcp", 9443),
    Kind("kubectl", "api", "tcp", 443),
    Kind("kubectl", "internet", "tcp", 443),
    Kind("kubectl", "s3", "tcp", 443),
    Kind("kubectl", "resolver", "udp", 53),
    # People call the Kubernetes API from CloudShell, and the APIs of AWS for its tokens.
    Kind("cloudshell", "api", "tcp", 443),
    Kind("cloudshell", "internet", "tcp", 443),
    Kind("cloudshell", "resolver", "udp", 53),
    # Rotation functions call PostgreSQL, Redis, and the APIs of Secrets Manager and ElastiCache.
    Kind("rotation", "database", "tcp", 5432),
    Kind("rotation", "cache", "tcp", 6379),
    Kind("rotation", "internet", "tcp", 443),
    Kind("rotation", "resolver", "udp", 53),
]

REQUIRED_WITH_ENDPOINTS = [
    Kind("pod", "endpoint", "tcp", 443),
    Kind("kubectl", "endpoint", "tcp", 443),
    Kind("rotation", "endpoint", "tcp", 443),
    Kind("cloudshell", "endpoint", "tcp", 443),
]

_NO_ROUTE = "no route from the database tier"
_NOT_INBOUND = "no inbound connection through NAT"

FORBIDDEN: dict[Kind, set[str]] = {
    # The internet reaches two ports of the load balancer, and no other host.
    Kind("internet", "alb", "tcp", 22): {"public in", "alb group in"},
    Kind("internet", "alb", "tcp", 8080): {"alb group in"},
    Kind("internet", "alb", "udp", 443): {"public in", "alb group in"},
    Kind("internet", "alb", "udp", 80): {"public in", "alb group in"},
    Kind("internet", "alb", "icmp", _PING): {"public in", "alb group in"},
    Kind("internet", "pod", "tcp", 3001): {_NOT_INBOUND, "pod group in"},
    Kind("internet", "pod", "tcp", 80): {_NOT_INBOUND, "private in", "pod group in"},
    Kind("internet", "pod", "tcp", 22): {_NOT_INBOUND, "private in", "pod group in"},
    Kind("internet", "pod", "icmp", _PING): {_NOT_INBOUND, "private in", "pod group in"},
    Kind("internet", "api", "tcp", 443): {_NOT_INBOUND, "private in", "api group in"},
    Kind("internet", "database", "tcp", 5432): {_NO_ROUTE, "database in", "database group in"},
    Kind("internet", "cache", "tcp", 6379): {_NO_ROUTE, "database in", "cache group in"},
    # The load balancer reaches the two ports of the application.
    Kind("alb", "pod", "tcp", 22): {
        "alb group out",
        "public out",
        "private in",
        "pod group in",
    },
    Kind("alb", "pod", "tcp", 443): {"alb group out", "private in", "pod group in"},
    Kind("alb", "pod", "tcp", 9090): {"alb group out", "private in", "pod group in"},
    Kind("alb", "pod", "tcp", 10250): {"alb group out", "private in", "pod group in"},
    Kind("alb", "pod", "udp", 53): {
        "alb group out",
        "public out",
        "private in",
        "pod group in",
    },
    Kind("alb", "pod", "udp", 80): {
        "alb group out",
        "public out",
        "private in",
        "pod group in",
    },
    Kind("alb", "pod", "udp", 3001): {
        "alb group out",
        "public out",
        "private in",
        "pod group in",
    },
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
    Kind("alb", "internet", "icmp", _FRAGMENTATION_NEEDED): {"alb group out", "public out"},
    # The data stores open no connection.
    Kind("database", "internet", "tcp", 443): {_NO_ROUTE, "database out", "database group out"},
    Kind("database", "internet", "tcp", 8080): {
        _NO_ROUTE,
        "database out",
        "database group out",
    },
    Kind("database", "s3", "tcp", 443): {_NO_ROUTE, "database out", "database group out"},
    Kind("database", "alb", "tcp", 8080): {
        "database group out",
        "database out",
        "alb group in",
    },
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
    # Pods and nodes reach each data store on its port, and the internet on 443.
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
    # The kubectl provider reaches the Kubernetes API, and neither pods nor data stores.
    Kind("kubectl", "api", "tcp", 10250): {"kubectl group out", "api group in"},
    Kind("kubectl", "api", "udp", 443): {"kubectl group out", "api group in"},
    Kind("kubectl", "pod", "tcp", 3001): {"kubectl group out", "pod group in"},
    Kind("kubectl", "pod", "tcp", 80): {"kubectl group out", "pod group in"},
    Kind("kubectl", "database", "tcp", 5432): {"kubectl group out", "database group in"},
    Kind("kubectl", "cache", "tcp", 6379): {"kubectl group out", "cache group in"},
    Kind("kubectl", "internet", "tcp", 80): {"kubectl group out", "private out", "public out"},
    # People in CloudShell reach the Kubernetes API, and neither pods nor data stores.
    Kind("cloudshell", "api", "tcp", 10250): {"cloudshell group out", "api group in"},
    Kind("cloudshell", "api", "udp", 443): {"cloudshell group out", "api group in"},
    Kind("cloudshell", "pod", "tcp", 3001): {"cloudshell group out", "pod group in"},
    Kind("cloudshell", "pod", "tcp", 443): {"pod group in"},
    Kind("cloudshell", "database", "tcp", 5432): {"cloudshell group out", "database group in"},
    Kind("cloudshell", "cache", "tcp", 6379): {"cloudshell group out", "cache group in"},
    Kind("cloudshell", "internet", "tcp", 80): {
        *("cloudshell group out", "private out", "public out"),
    },
    Kind("pod", "cloudshell", "tcp", 443): {"cloudshell group in"},
    # Rotation functions reach PostgreSQL and Redis, and no pod.
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
    Kind("rotation", "internet", "tcp", 80): {
        "rotation group out",
        "private out",
        "public out",
    },
    Kind("rotation", "internet", "tcp", 5432): {"rotation group out", "private out"},
    Kind("rotation", "internet", "tcp", 6379): {"rotation group out", "private out"},
    Kind("rotation", "internet", "udp", 443): {
        *("rotation group out", "private out", "public in", "public out"),
    },
    Kind("pod", "rotation", "tcp", 443): {"rotation group in"},
    # The interfaces of the Kubernetes API have the cluster's group as well. Our own group allows
    # no outbound traffic.
    Kind("control-plane-group", "internet", "tcp", 443): {"control-plane-group group out"},
}
"""By flow, everything that must block it. So a test notices when one of several layers no longer
does."""

FORBIDDEN_WITH_ENDPOINTS: dict[Kind, set[str]] = {
    Kind("alb", "endpoint", "tcp", 443): {"alb group out", "private in", "endpoint group in"},
    Kind("pod", "endpoint", "tcp", 80): {"endpoint group in"},
    Kind("pod", "endpoint", "udp", 443): {"endpoint group in"},
    Kind("kubectl", "endpoint", "tcp", 80): {"kubectl group out", "endpoint group in"},
    Kind("kubectl", "endpoint", "udp", 443): {"kubectl group out", "endpoint group in"},
    Kind("rotation", "endpoint", "tcp", 80): {"rotation group out", "endpoint group in"},
    Kind("rotation", "endpoint", "udp", 443): {"rotation group out", "endpoint group in"},
    Kind("cloudshell", "endpoint", "tcp", 80): {"cloudshell group out", "endpoint group in"},
    Kind("cloudshell", "endpoint", "udp", 443): {"cloudshell group out", "endpoint group in"},
    Kind("endpoint", "internet", "tcp", 443): {"endpoint group out"},
}


def required(network: Network) -> Iterator[Flow]:
    """Yield every flow that the stage needs, in every combination of zones."""
    kinds = [*REQUIRED, *(REQUIRED_WITH_ENDPOINTS if network.endpoints else [])]
    for kind in kinds:
        for source in hosts(network, kind.source):
            for destination in hosts(network, kind.destination):
                yield _flow(kind, source, destination)


def forbidden(network: Network) -> Iterator[tuple[Flow, frozenset[str]]]:
    """Yield every forbidden flow, from the first zone to the last, with what must block it."""
    kinds = {**FORBIDDEN, **(FORBIDDEN_WITH_ENDPOINTS if network.endpoints else {})}
    for kind, blockers in kinds.items():
        source = hosts(network, kind.source)[0]
        destination = hosts(network, kind.destination)[-1]
        yield _flow(kind, source, destination), frozenset(blockers)


def hosts(network: Network, name: str) -> list[Host]:
    """Return a host of this kind in every zone, or the host outside the VPC."""
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
