"""INFRASTRUCTURE.md, Network Security: what the network policies of the pods allow."""

import ipaddress
from typing import Any

import pytest

from tests.k8s.objects import objects_of_kind
from tests.synthesis import SynthesizedStage

PODS = ("backend", "frontend", "database-bootstrap", "migrations")
INTERNET = "198.51.100.7"
METADATA = "169.254.169.254"


def address(stage: SynthesizedStage, tier: str) -> str:
    """Return an address in a subnet of the tier."""
    subnets = stage.resources("network", "AWS::EC2::Subnet").values()
    (cidr, *_) = [
        subnet["Properties"]["CidrBlock"]
        for subnet in subnets
        if {"Key": "aws-cdk:subnet-name", "Value": tier} in subnet["Properties"]["Tags"]
    ]
    return str(ipaddress.IPv4Network(cidr)[20])


def allows(
    stage: SynthesizedStage, direction: str, pod: str, peer: Any, port: int, protocol: str = "TCP"
) -> bool:
    """Return whether the policies allow traffic between a pod and a peer.

    Args:
        stage: The stage.
        direction: `Ingress` or `Egress` of the pod.
        pod: The component of the pod.
        peer: An address, or the namespace and the labels of another pod.
        port: The port of the receiver.
        protocol: `TCP` or `UDP`.
    """
    labels = {"app.kubernetes.io/component": pod}
    policies = [
        item["spec"]
        for item in objects_of_kind(stage, "NetworkPolicy")
        if item["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
        and direction in item["spec"]["policyTypes"]
    ]
    if not policies:
        return True
    peers = "from" if direction == "Ingress" else "to"
    return any(
        any(_matches(selector, peer) for selector in rule[peers])
        and any(item["port"] == port and item["protocol"] == protocol for item in rule["ports"])
        for policy in policies
        for rule in policy.get(direction.lower(), [])
    )


def _matches(selector: dict[str, Any], peer: Any) -> bool:
    """Return whether an entry of `from` or `to` selects a peer."""
    if isinstance(peer, str):
        ip, block = ipaddress.IPv4Address(peer), selector.get("ipBlock")
        return (
            block is not None
            and ip in ipaddress.IPv4Network(block["cidr"])
            and not any(ip in ipaddress.IPv4Network(part) for part in block.get("except", []))
        )
    namespace, labels = peer
    if "namespaceSelector" not in selector:
        return False
    selected = selector["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    pods = selector.get("podSelector", {}).get("matchLabels", {})
    return bool(selected == namespace and pods.items() <= labels.items())


@pytest.mark.parametrize("pod, port", [("backend", 3001), ("frontend", 80)])
def test_the_load_balancer_reaches_the_pods(stage: SynthesizedStage, pod: str, port: int) -> None:
    assert allows(stage, "Ingress", pod, address(stage, "public"), port)
    assert not allows(stage, "Ingress", pod, address(stage, "public"), 22)


@pytest.mark.parametrize("pod", PODS)
def test_no_other_peer_reaches_the_pods(stage: SynthesizedStage, pod: str) -> None:
    for port in (80, 3001):
        for peer in (address(stage, "private"), address(stage, "database"), INTERNET):
            assert not allows(stage, "Ingress", pod, peer, port)
        assert not allows(stage, "Ingress", pod, ("spywatcher", {"app": "other"}), port)
        assert not allows(stage, "Ingress", pod, ("default", {}), port)


def test_the_metrics_agent_reaches_the_backend_only(stage: SynthesizedStage) -> None:
    agent = ("amazon-cloudwatch", {"app.kubernetes.io/name": "cloudwatch-agent"})
    assert allows(stage, "Ingress", "backend", agent, 3001)
    assert not allows(stage, "Ingress", "frontend", agent, 80)


@pytest.mark.parametrize("pod", PODS)
def test_every_pod_reaches_the_dns_server_of_the_cluster_and_no_other(
    stage: SynthesizedStage, pod: str
) -> None:
    dns = ("kube-system", {"k8s-app": "kube-dns"})
    assert allows(stage, "Egress", pod, dns, 53, "UDP") and allows(stage, "Egress", pod, dns, 53)
    assert not allows(stage, "Egress", pod, INTERNET, 53, "UDP")
    assert not allows(stage, "Egress", pod, ("kube-system", {}), 53, "UDP")


@pytest.mark.parametrize(
    "pod, ports",
    [
        ("backend", {5432, 6379}),
        ("frontend", set()),
        ("database-bootstrap", {5432}),
        ("migrations", {5432}),
    ],
)
def test_pods_reach_only_the_data_stores_that_they_use(
    stage: SynthesizedStage, pod: str, ports: set[int]
) -> None:
    store = address(stage, "database")
    reached = {port for port in (22, 443, 5432, 6379) if allows(stage, "Egress", pod, store, port)}
    assert reached == ports
    for port in (5432, 6379):
        assert not allows(stage, "Egress", pod, address(stage, "private"), port)
        assert not allows(stage, "Egress", pod, INTERNET, port)


@pytest.mark.parametrize("pod", PODS)
def test_only_the_backend_reaches_the_internet_and_only_by_https(
    stage: SynthesizedStage, pod: str
) -> None:
    assert allows(stage, "Egress", pod, INTERNET, 443) == (pod == "backend")
    assert not allows(stage, "Egress", pod, INTERNET, 80)
    assert not allows(stage, "Egress", pod, address(stage, "private"), 443)
    for port in (80, 443):
        assert not allows(stage, "Egress", pod, METADATA, port)


def test_the_vpc_cni_enforces_the_policies(stage: SynthesizedStage) -> None:
    add_ons = stage.resources("cluster", "AWS::EKS::Addon").values()
    (cni,) = [
        add_on["Properties"] for add_on in add_ons if add_on["Properties"]["AddonName"] == "vpc-cni"
    ]
    assert '"enableNetworkPolicy":"true"' in cni["ConfigurationValues"].replace(" ", "")
