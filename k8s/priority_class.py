"""The PriorityClass of the application's pods."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import PART_OF, shared_labels

APPLICATION_PRIORITY = PART_OF


def add_priority_class(scope: Construct) -> None:
    """Add the class: its pods are scheduled before pods without a class, and preempt none.

    If nodes are full, the Cluster Autoscaler adds one. A pod of the application must not preempt
    the Cluster Autoscaler or another controller, which would stop that.
    """
    k8s.KubePriorityClass(
        scope,
        "priority",
        metadata=k8s.ObjectMeta(name=APPLICATION_PRIORITY, labels=shared_labels()),
        value=1000,
        preemption_policy="Never",
        global_default=False,
        description="Pods of the application: scheduled before other pods, without preemption",
    )
