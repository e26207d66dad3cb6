"""Who reaches whom, through routes, network ACLs and security groups as AWS evaluates them."""

from collections import Counter

from tests.stacks.network.flows.evaluation import Evaluator, Flow, Host
from tests.stacks.network.flows.flows import forbidden, hosts, required
from tests.stacks.network.flows.network import Address, Network

RULES_OF_AN_ACL = 20
"""Entries in each direction ("Amazon VPC quotas": network ACLs), before asking AWS for more."""


def test_each_flow_that_the_stage_needs_opens(network: Network) -> None:
    evaluator = Evaluator(network)
    assert {
        str(flow): stops for flow in required(network) if (stops := evaluator.opening(flow))
    } == {}


def test_each_flow_that_the_stage_needs_is_answered(network: Network) -> None:
    evaluator = Evaluator(network)
    stopped = {
        str(flow): stops for flow in required(network) if (stops := evaluator.returning(flow))
    }
    assert stopped == {}


def test_each_forbidden_flow_is_stopped_by_every_layer_that_should(network: Network) -> None:
    evaluator = Evaluator(network)
    for flow, stops in forbidden(network):
        assert stops, flow
        assert evaluator.opening(flow) == stops, flow


def test_the_flows_cover_every_combination_of_zones(network: Network) -> None:
    zones = Counter(
        (flow.source.name, flow.destination.name)
        for flow in required(network)
        if (flow.source.name, flow.port) == ("alb", 3001)
    )
    assert zones == {("alb", "pod"): 9}


def test_a_network_acl_keeps_below_the_quota(network: Network) -> None:
    assert max(len(entries) for entries in network.entries_of.values()) <= RULES_OF_AN_ACL


def test_each_tier_has_one_network_acl_of_its_own(network: Network) -> None:
    acls = {(subnet.tier, subnet.acl) for subnet in network.subnets.values()}
    assert len(acls) == 3 == len({acl for _, acl in acls})


def test_rules_name_groups_and_ranges_only_towards_the_internet(network: Network) -> None:
    ranges = {
        (rule.group, rule.egress, rule.ports[0])
        for rule in network.rules
        if not isinstance(rule.peer, str) and not rule.is_placeholder
    }
    (alb,), (kubectl,), (rotation,) = (
        network.groups[kind] for kind in ("alb", "kubectl", "rotation")
    )
    assert ranges == {
        *((alb, False, port) for port in (443, 80)),
        *((group, True, 443) for group in (kubectl, rotation)),
    }


def test_the_database_tier_has_no_route_to_the_internet(network: Network) -> None:
    for subnet in network.subnets.values():
        if subnet.tier == "database":
            assert [route.kind for route in subnet.routes] == ["local"]


def test_the_private_tier_reaches_s3_without_nat(network: Network) -> None:
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


def test_a_nat_gateway_serves_its_own_zone_where_every_zone_has_one(network: Network) -> None:
    gateways = {key: network.subnets[subnet].zone for key, subnet in network.nat_gateways.items()}
    for subnet in network.subnets.values():
        for route in subnet.routes:
            if route.kind == "nat" and len(gateways) == len(network.zones):
                assert gateways[route.target] == subnet.zone


def test_what_stays_in_a_subnet_meets_no_acl_and_what_leaves_it_does(network: Network) -> None:
    evaluator = Evaluator(network)
    first, *_, last = hosts(network, "database")
    neighbour = Host(
        name="database",
        address=first.address + 1,
        subnet=first.subnet,
        groups=first.groups,
    )
    stops = {
        end.address: evaluator.opening(
            Flow(source=first, destination=end, protocol="tcp", port=5432)
        )
        for end in (neighbour, last)
    }
    assert stops[neighbour.address] == {"database group out", "database group in"}
    assert stops[last.address] - stops[neighbour.address] == {"database out", "database in"}


def test_only_the_resolver_and_the_clock_are_beyond_the_rules(network: Network) -> None:
    evaluator = Evaluator(network)
    pod = hosts(network, "pod")[0]
    for address, passes in (("169.254.169.253", True), ("169.254.169.123", True), ("8.8.8.8", 0)):
        server = Host(name="server", address=Address(address))
        flow = Flow(source=pod, destination=server, protocol="udp", port=53)
        assert (not evaluator.opening(flow)) == bool(passes)
