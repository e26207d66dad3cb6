"""The PodDisruptionBudget of a service. cdk8s-plus has no L2 for it."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, Track, labels, object_name, selector_labels
from settings.services import ReplicaSettings


def pod_disruption_budget(
    scope: Construct, service: Service, replicas: ReplicaSettings, track: Track = "blue"
) -> k8s.KubePodDisruptionBudget:
    """Make the budget: one pod stays available.

    Where a stage may run a single pod, that would block every drain of its node, so there one pod
    may be missing instead.
    """
    one = k8s.IntOrString.from_number(1)
    alone = replicas.minimum == 1
    return k8s.KubePodDisruptionBudget(
        scope,
        "disruption-budget",
        metadata=k8s.ObjectMeta(
            name=object_name(service.name, track),
            namespace=NAMESPACE,
            labels=labels(service.name, track),
        ),
        spec=k8s.PodDisruptionBudgetSpec(
            min_available=None if alone else one,
            max_unavailable=one if alone else None,
            selector=k8s.LabelSelector(match_labels=selector_labels(service.name, track)),
        ),
    )
