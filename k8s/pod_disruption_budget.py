"""The PodDisruptionBudget of a service. cdk8s-plus has no L2 for it."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, Track, labels, object_name, selector_labels
from settings.services import ReplicaSettings


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
        ),
    )
