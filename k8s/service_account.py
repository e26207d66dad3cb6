"""The ServiceAccount of a component's pods."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, labels, object_name


def add_service_account(
    scope: Construct, component: str, *, image_pull_secret: str | None = None
) -> None:
    """Add the account of a component.

    No pod mounts its token, because the application does not call the Kubernetes API. Each
    component has an account of its own, so that no two components share a permission. The API
    server gives the pull secret of an account to each pod that uses it.
    """
    k8s.KubeServiceAccount(
        scope,
        f"account-{component}",
        metadata=k8s.ObjectMeta(
            name=object_name(component), namespace=NAMESPACE, labels=labels(component)
        ),
        automount_service_account_token=False,
        image_pull_secrets=[k8s.LocalObjectReference(name=image_pull_secret)]
        if image_pull_secret
        else None,
    )
