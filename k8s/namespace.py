"""The namespaces of the application and of the cluster's controllers."""

import cdk8s
import cdk8s_plus_28 as kplus
from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, shared_labels

_RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}
"""The API server rejects pods below the Pod Security Standard `restricted`."""


def add_application_namespace(scope: Construct) -> None:
    """Add the namespace of the application.

    Its label makes the load balancer controller add a readiness gate to each new pod. A rollout
    then continues only when the load balancer sends requests to the pod.
    """
    kplus.Namespace(
        scope,
        "namespace",
        metadata=cdk8s.ApiObjectMetadata(
            name=NAMESPACE,
            labels={
                **shared_labels(),
                **_RESTRICTED,
                "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
            },
        ),
    )


def add_controller_namespace(scope: Construct, name: str) -> None:
    """Add the namespace of a controller."""
    k8s.KubeNamespace(
        scope,
        name,
        metadata=k8s.ObjectMeta(
            name=name, labels={"app.kubernetes.io/managed-by": "cdk", **_RESTRICTED}
        ),
    )
