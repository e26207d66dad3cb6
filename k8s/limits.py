"""The ResourceQuota and the LimitRange of the application's namespace."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, PART_OF, shared_labels
from k8s.quantities import quantities
from settings.services import NamespaceQuotaSettings


def add_resource_quota(scope: Construct, quota: NamespaceQuotaSettings) -> None:
    """Add the quota, so that an autoscaler with wrong settings cannot use the whole cluster."""
    k8s.KubeResourceQuota(
        scope,
        "quota",
        metadata=_metadata(),
        spec=k8s.ResourceQuotaSpec(
            hard={
                "requests.cpu": k8s.Quantity.from_string(str(quota.cpu_request_cores)),
                "limits.cpu": k8s.Quantity.from_string(str(quota.cpu_limit_cores)),
                "requests.memory": k8s.Quantity.from_string(f"{quota.memory_request_gib}Gi"),
                "limits.memory": k8s.Quantity.from_string(f"{quota.memory_limit_gib}Gi"),
                # The CDK application owns the load balancer: a Service opens no way around it.
                "services.nodeports": k8s.Quantity.from_string("0"),
                "services.loadbalancers": k8s.Quantity.from_string("0"),
            }
        ),
    )


def add_limit_range(scope: Construct) -> None:
    """Add default requests and limits: the quota rejects a container that has none."""
    k8s.KubeLimitRange(
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
