"""What the namespace may take together, and a container that says nothing of itself."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, PART_OF, shared_labels
from k8s.quantities import quantities
from settings.services import NamespaceQuotaSettings


def resource_quota(scope: Construct, quota: NamespaceQuotaSettings) -> k8s.KubeResourceQuota:
    """Make the quota: a scaling that went wrong does not take the whole cluster."""
    return k8s.KubeResourceQuota(
        scope,
        "quota",
        metadata=_metadata(),
        spec=k8s.ResourceQuotaSpec(
            hard={
                "requests.cpu": k8s.Quantity.from_string(str(quota.cpu_request_cores)),
                "limits.cpu": k8s.Quantity.from_string(str(quota.cpu_limit_cores)),
                "requests.memory": k8s.Quantity.from_string(f"{quota.memory_request_gib}Gi"),
                "limits.memory": k8s.Quantity.from_string(f"{quota.memory_limit_gib}Gi"),
                # Nothing here may open a port of the nodes, or make a load balancer of its own.
                "services.nodeports": k8s.Quantity.from_string("0"),
                "services.loadbalancers": k8s.Quantity.from_string("0"),
            }
        ),
    )


def limit_range(scope: Construct) -> k8s.KubeLimitRange:
    """Make the defaults: under a quota, a container without requests and limits is refused."""
    return k8s.KubeLimitRange(
        scope,
        "limits",
        metadata=_metadata(),
        spec=k8s.LimitRangeSpec(
            limits=[
                k8s.LimitRangeItem(
                    type="Container",
                    default_request=quantities(cpu="50m", memory="64Mi"),
                    default=quantities(cpu="500m", memory="256Mi"),
                )
            ]
        ),
    )


def _metadata() -> k8s.ObjectMeta:
    return k8s.ObjectMeta(name=PART_OF, namespace=NAMESPACE, labels=shared_labels())
