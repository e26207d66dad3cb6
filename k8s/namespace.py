"""The namespaces of the application and of the cluster's controllers."""

import cdk8s
import cdk8s_plus_28 as kplus
from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.names import NAMESPACE, shared_labels

_RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
}
"""The Pod Security Standard that every pod must meet."""


def namespace(scope: Construct) -> kplus.Namespace:
    """Make the namespace: pods must be restricted, and wait for their target group's health.

    The load balancer controller adds a readiness gate to pods of a labelled namespace, so that a
    rollout goes on only when the load balancer sends the new pod requests.
    """
    return kplus.Namespace(
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


def controller_namespace(scope: Construct, name: str) -> k8s.KubeNamespace:
    """Make the namespace of a controller, whose pods must be restricted too."""
    return k8s.KubeNamespace(
        scope,
        name,
        metadata=k8s.ObjectMeta(
            name=name, labels={"app.kubernetes.io/managed-by": "cdk", **_RESTRICTED}
        ),
    )
