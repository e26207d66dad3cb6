"""The ServiceAccount of a component's pods."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, labels, object_name


def add_service_account(scope: Construct, component: str) -> None:
    """Add the account of a component.

    No pod mounts its token, because the application does not call the Kubernetes API. Each
    component has an account of its own, so that no two components share a permission.
    """
    k8s.KubeServiceAccount(
        scope,
        f"account-{component}",
        metadata=k8s.ObjectMeta(
            name=object_name(component), namespace=NAMESPACE, labels=labels(component)
        ),
        automount_service_account_token=False,
    )
