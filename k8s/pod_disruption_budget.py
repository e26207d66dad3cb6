"""The PodDisruptionBudgets of services and controllers. cdk8s-plus has no L2 for them.

Each of them lets unready pods go (`AlwaysAllow`). Otherwise a pod that never becomes ready would
block every drain of its node ("Unhealthy Pod Eviction Policy", Kubernetes).
"""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, labels, object_name, selector_labels
from settings.delivery import Track
from settings.services import ReplicaSettings

_EVICTION_OF_UNREADY_PODS = "AlwaysAllow"


def add_pod_disruption_budget(
    scope: Construct, service: Service, replicas: ReplicaSettings, track: Track = "blue"
) -> None:
    """Add the budget: at least one pod stays available.

    With a minimum of one pod, such a budget would block every drain of the pod's node. The budget
    then allows one unavailable pod instead.
    """
    one = k8s.IntOrString.from_number(1)
    may_be_single = replicas.minimum == 1
    k8s.KubePodDisruptionBudget(
        scope,
        "disruption-budget",
        metadata=k8s.ObjectMeta(
            name=object_name(service.name, track),
            namespace=NAMESPACE,
            labels=labels(service.name, track),
        ),
        spec=k8s.PodDisruptionBudgetSpec(
            min_available=None if may_be_single else one,
            max_unavailable=one if may_be_single else None,
            selector=k8s.LabelSelector(match_labels=selector_labels(service.name, track)),
            unhealthy_pod_eviction_policy=_EVICTION_OF_UNREADY_PODS,
        ),
    )


def add_controller_disruption_budget(
    scope: Construct, namespace: str, pod_label: tuple[str, str]
) -> None:
    """Add the budget of a controller: one pod at a time may be unavailable.

    Args:
        scope: The chart.
        namespace: The namespace of the controller.
        pod_label: The label of the pods. Its value is the name of the budget.
    """
    _, name = pod_label
    k8s.KubePodDisruptionBudget(
        scope,
        f"budget-{name}",
        metadata=k8s.ObjectMeta(
            name=name, namespace=namespace, labels={"app.kubernetes.io/managed-by": "cdk"}
        ),
        spec=k8s.PodDisruptionBudgetSpec(
            max_unavailable=k8s.IntOrString.from_number(1),
            selector=k8s.LabelSelector(match_labels=dict([pod_label])),
            unhealthy_pod_eviction_policy=_EVICTION_OF_UNREADY_PODS,
        ),
    )
