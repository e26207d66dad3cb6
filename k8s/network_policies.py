"""Who reaches which pods, and what they reach. The VPC CNI enforces it on every node.

Nothing, unless a policy here allows it. The nodes' own traffic, kubelet's probes among it, is no
policy's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s import database_bootstrap, migrations
from k8s.application import BACKEND, FRONTEND, Service
from k8s.names import NAMESPACE, component_labels, object_name, shared_labels

POSTGRESQL, REDIS, HTTPS, DNS = 5432, 6379, 443, 53
_METRICS_NAMESPACE = "amazon-cloudwatch"
_LINK_LOCAL = "169.254.0.0/16"
_ANY_POD: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Parts of the VPC, as IPv4 ranges: what no label of Kubernetes names."""

    vpc: str
    load_balancer: str
    """The public subnets, which the load balancer sends from."""
    data_stores: str
    """The database subnets."""


def network_policies(scope: Construct, ranges: Ranges) -> None:
    """Make the policies of the namespace."""
    stores = [_range(ranges.data_stores)]
    _policy(scope, "deny-all", _ANY_POD, policy_types=["Ingress", "Egress"])
    _policy(scope, "dns", _ANY_POD, egress=[_dns()])
    _policy(
        scope,
        BACKEND.name,
        component_labels(BACKEND.name),
        ingress=[_from_load_balancer(BACKEND, ranges), _from_metrics_agent(BACKEND)],
        egress=[_to(stores, POSTGRESQL, REDIS), _to([_internet(ranges)], HTTPS)],
    )
    _policy(
        scope,
        FRONTEND.name,
        component_labels(FRONTEND.name),
        ingress=[_from_load_balancer(FRONTEND, ranges)],
    )
    for component in (database_bootstrap.COMPONENT, migrations.COMPONENT):
        _policy(scope, component, component_labels(component), egress=[_to(stores, POSTGRESQL)])


def _policy(
    scope: Construct,
    name: str,
    pods: dict[str, str],
    *,
    ingress: Sequence[k8s.NetworkPolicyIngressRule] = (),
    egress: Sequence[k8s.NetworkPolicyEgressRule] = (),
    policy_types: Sequence[str] | None = None,
) -> None:
    types = [("Ingress", ingress), ("Egress", egress)]
    k8s.KubeNetworkPolicy(
        scope,
        f"policy-{name}",
        metadata=k8s.ObjectMeta(
            name=object_name(name), namespace=NAMESPACE, labels=shared_labels()
        ),
        spec=k8s.NetworkPolicySpec(
            pod_selector=k8s.LabelSelector(match_labels=pods or None),
            policy_types=policy_types or [kind for kind, rules in types if rules],
            ingress=list(ingress) or None,
            egress=list(egress) or None,
        ),
    )


def _from_load_balancer(service: Service, ranges: Ranges) -> k8s.NetworkPolicyIngressRule:
    return k8s.NetworkPolicyIngressRule(
        from_=[_range(ranges.load_balancer)], ports=[_port(service.port)]
    )


def _from_metrics_agent(service: Service) -> k8s.NetworkPolicyIngressRule:
    """Let in CloudWatch's agent, which reads /metrics; nobody else from inside the cluster."""
    agent = k8s.NetworkPolicyPeer(
        namespace_selector=k8s.LabelSelector(
            match_labels={"kubernetes.io/metadata.name": _METRICS_NAMESPACE}
        )
    )
    return k8s.NetworkPolicyIngressRule(from_=[agent], ports=[_port(service.port)])


def _dns() -> k8s.NetworkPolicyEgressRule:
    server = k8s.NetworkPolicyPeer(
        namespace_selector=k8s.LabelSelector(
            match_labels={"kubernetes.io/metadata.name": "kube-system"}
        ),
        pod_selector=k8s.LabelSelector(match_labels={"k8s-app": "kube-dns"}),
    )
    return k8s.NetworkPolicyEgressRule(to=[server], ports=[_port(DNS, "UDP"), _port(DNS)])


def _to(peers: Sequence[k8s.NetworkPolicyPeer], *ports: int) -> k8s.NetworkPolicyEgressRule:
    return k8s.NetworkPolicyEgressRule(to=list(peers), ports=[_port(port) for port in ports])


def _internet(ranges: Ranges) -> k8s.NetworkPolicyPeer:
    """Return all but the VPC, where nothing is the backend's business on that port."""
    return k8s.NetworkPolicyPeer(
        ip_block=k8s.IpBlock(cidr="0.0.0.0/0", except_=[ranges.vpc, _LINK_LOCAL])
    )


def _range(cidr: str) -> k8s.NetworkPolicyPeer:
    return k8s.NetworkPolicyPeer(ip_block=k8s.IpBlock(cidr=cidr))


def _port(number: int, protocol: str = "TCP") -> k8s.NetworkPolicyPort:
    return k8s.NetworkPolicyPort(port=k8s.IntOrString.from_number(number), protocol=protocol)
