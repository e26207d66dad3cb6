"""Which connections the route tables, network ACLs and security groups allow."""

from collections import Counter

from tests.stacks.network.flows.evaluation import Evaluator, Flow, Host
from tests.stacks.network.flows.flows import forbidden, hosts, required
from tests.stacks.network.flows.network import Address, Network

ENTRIES_OF_AN_ACL = 20
"""The default quota for each direction ("Amazon VPC quotas", network ACLs)."""


def test_the_request_of_each_required_flow_is_allowed(network: Network) -> None:
    evaluator = Evaluator(network)
    blocked = {
        str(flow): blockers
        for flow in required(network)
        if (blockers := evaluator.request_blockers(flow))
    }
    assert blocked == {}


def test_the_response_of_each_required_flow_is_allowed(network: Network) -> None:
    evaluator = Evaluator(network)
    blocked = {
        str(flow): blockers
        for flow in required(network)
        if (blockers := evaluator.response_blockers(flow))
    }
    assert blocked == {}


def test_every_layer_that_must_block_a_forbidden_flow_does(network: Network) -> None:
    evaluator = Evaluator(network)
    for flow, blockers in forbidden(network):
        assert blockers, flow
        assert evaluator.request_blockers(flow) == blockers, flow


def test_the_flows_cover_every_combination_of_zones(network: Network) -> None:
    zones = Counter(
        (flow.source.name, flow.destination.name)
        for flow in required(network)
        if (flow.source.name, flow.port) == ("alb", 3001)
    )
    assert zones == {("alb", "pod"): 9}


def test_no_network_acl_exceeds_the_quota_of_entries(network: Network) -> None:
    assert max(len(entries) for entries in network.entries_of.values()) <= ENTRIES_OF_AN_ACL


def test_each_tier_has_its_own_network_acl(network: Network) -> None:
    acls = {(subnet.tier, subnet.acl) for subnet in network.subnets.values()}
    assert len(acls) == 3 == len({acl for _, acl in acls})


def test_only_rules_for_the_internet_name_address_ranges(network: Network) -> None:
    ranges = {
        (rule.group, rule.egress, rule.ports[0])
        for rule in network.rules
        if not isinstance(rule.peer, str) and not rule.is_placeholder
    }
    (alb,), (kubectl,), (rotation,), (cloudshell,) = (
        network.groups[kind] for kind in ("alb", "kubectl", "rotation", "cloudshell")
    )
    assert ranges == {
        *((alb, False, port) for port in (443, 80)),
        *((group, True, 443) for group in (kubectl, rotation, cloudshell)),
    }


def test_the_database_tier_has_no_route_to_the_internet(network: Network) -> None:
    for subnet in network.subnets.values():
        if subnet.tier == "database":
            assert [route.kind for route in subnet.routes] == ["local"]


def test_only_the_private_tier_has_routes_to_nat_and_to_s3(network: Network) -> None:
    for subnet in network.subnets.values():
        kinds = {route.kind for route in subnet.routes}
        assert (
            kinds
            == {
                "public": {"local", "internet"},
                "private": {"local", "nat", "endpoint"},
                "database": {"local"},
            }[subnet.tier]
        )


def test_each_zone_uses_its_own_nat_gateway_if_every_zone_has_one(network: Network) -> None:
    gateways = {key: network.subnets[subnet].zone for key, subnet in network.nat_gateways.items()}
    for subnet in network.subnets.values():
        for route in subnet.routes:
            if route.kind == "nat" and len(gateways) == len(network.zones):
                assert gateways[route.target] == subnet.zone


def test_network_acls_apply_between_subnets_and_not_inside_one(network: Network) -> None:
    evaluator = Evaluator(network)
    first, *_, last = hosts(network, "database")
    neighbour = Host(
        name="database",
        address=first.address + 1,
        subnet=first.subnet,
        groups=first.groups,
    )
    inside, between = (
        evaluator.request_blockers(
            Flow(source=first, destination=destination, protocol="tcp", port=5432)
        )
        for destination in (neighbour, last)
    )
    assert inside == {"database group out", "database group in"}
    assert between - inside == {"database out", "database in"}


def test_only_the_dns_resolver_and_the_time_service_are_unfiltered(network: Network) -> None:
    evaluator = Evaluator(network)
    pod = hosts(network, "pod")[0]
    for address, unfiltered in (
        ("169.254.169.253", True),
        ("169.254.169.123", True),
        ("8.8.8.8", False),
    ):
        server = Host(name="server", address=Address(address))
        flow = Flow(source=pod, destination=server, protocol="udp", port=53)
        assert (not evaluator.request_blockers(flow)) is unfiltered
