"""The identity of a component's pods."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, labels, object_name


def service_account(scope: Construct, component: str) -> k8s.KubeServiceAccount:
    """Make the account, whose token no pod mounts: the application does not ask Kubernetes.

    Each component has its own, so that a permission given to one is given to no other.
    """
    return k8s.KubeServiceAccount(
        scope,
        f"account-{component}",
        metadata=k8s.ObjectMeta(
            name=object_name(component), namespace=NAMESPACE, labels=labels(component)
        ),
        automount_service_account_token=False,
    )
