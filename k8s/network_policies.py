"""The network policies of the application's namespace, which the VPC CNI enforces on every node.

Traffic is denied unless a policy here allows it. Network policies do not apply to traffic from a
pod's own node, such as the kubelet's probes.
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
_ALL_PODS: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class AddressRanges:
    """The IPv4 ranges of peers outside the cluster, which no pod label selects."""

    vpc: str
    load_balancer: str
    """The public subnets: the load balancer's addresses are in them."""
    data_stores: str
    """The database subnets."""


def add_network_policies(scope: Construct, ranges: AddressRanges) -> None:
    """Add the policies of the namespace."""
    data_stores = [_ip_block(ranges.data_stores)]
    _add_policy(scope, "deny-all", _ALL_PODS, policy_types=["Ingress", "Egress"])
    _add_policy(scope, "dns", _ALL_PODS, egress=[_egress_to_dns()])
    _add_policy(
        scope,
        BACKEND.name,
        component_labels(BACKEND.name),
        ingress=[
            _ingress_from_load_balancer(BACKEND, ranges),
            _ingress_from_metrics_agent(BACKEND),
        ],
        egress=[
            _egress_to(data_stores, POSTGRESQL, REDIS),
            _egress_to([_internet(ranges)], HTTPS),
        ],
    )
    _add_policy(
        scope,
        FRONTEND.name,
        component_labels(FRONTEND.name),
        ingress=[_ingress_from_load_balancer(FRONTEND, ranges)],
    )
    for component in (database_bootstrap.COMPONENT, migrations.COMPONENT):
        _add_policy(
            scope,
            component,
            component_labels(component),
            egress=[_egress_to(data_stores, POSTGRESQL)],
        )


def _add_policy(
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


def _ingress_from_load_balancer(
    service: Service, ranges: AddressRanges
) -> k8s.NetworkPolicyIngressRule:
    return k8s.NetworkPolicyIngressRule(
        from_=[_ip_block(ranges.load_balancer)], ports=[_port(service.port)]
    )


def _ingress_from_metrics_agent(service: Service) -> k8s.NetworkPolicyIngressRule:
    """Allow the CloudWatch agent to read /metrics. It is the only client inside the cluster."""
    agent = k8s.NetworkPolicyPeer(
        namespace_selector=k8s.LabelSelector(
            match_labels={"kubernetes.io/metadata.name": _METRICS_NAMESPACE}
        )
    )
    return k8s.NetworkPolicyIngressRule(from_=[agent], ports=[_port(service.port)])


def _egress_to_dns() -> k8s.NetworkPolicyEgressRule:
    dns_server = k8s.NetworkPolicyPeer(
        namespace_selector=k8s.LabelSelector(
            match_labels={"kubernetes.io/metadata.name": "kube-system"}
        ),
        pod_selector=k8s.LabelSelector(match_labels={"k8s-app": "kube-dns"}),
    )
    return k8s.NetworkPolicyEgressRule(to=[dns_server], ports=[_port(DNS, "UDP"), _port(DNS)])


def _egress_to(peers: Sequence[k8s.NetworkPolicyPeer], *ports: int) -> k8s.NetworkPolicyEgressRule:
    return k8s.NetworkPolicyEgressRule(to=list(peers), ports=[_port(port) for port in ports])


def _internet(ranges: AddressRanges) -> k8s.NetworkPolicyPeer:
    """Return every address outside the VPC, without the link-local range of the metadata service.

    Nothing in the VPC serves the backend on port 443.
    """
    return k8s.NetworkPolicyPeer(
        ip_block=k8s.IpBlock(cidr="0.0.0.0/0", except_=[ranges.vpc, _LINK_LOCAL])
    )


def _ip_block(cidr: str) -> k8s.NetworkPolicyPeer:
    return k8s.NetworkPolicyPeer(ip_block=k8s.IpBlock(cidr=cidr))


def _port(number: int, protocol: str = "TCP") -> k8s.NetworkPolicyPort:
    return k8s.NetworkPolicyPort(port=k8s.IntOrString.from_number(number), protocol=protocol)
