"""The application's place in the scheduler's queue."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import PART_OF, shared_labels

APPLICATION_PRIORITY = PART_OF


def priority_class(scope: Construct) -> k8s.KubePriorityClass:
    """Make the class: ahead of what has none, but it evicts nobody.

    Where room is short, the Cluster Autoscaler makes some; evicting it, or the controllers, for a
    pod of the application would leave nobody to do that.
    """
    return k8s.KubePriorityClass(
        scope,
        "priority",
        metadata=k8s.ObjectMeta(name=APPLICATION_PRIORITY, labels=shared_labels()),
        value=1000,
        preemption_policy="Never",
        global_default=False,
        description="Pods of the application: scheduled before others, evicting none",
    )
