"""The namespace of the application."""

import cdk8s
import cdk8s_plus_28 as kplus

from constructs import Construct
from k8s.names import NAMESPACE, shared_labels

_POD_SECURITY = "pod-security.kubernetes.io"


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
                f"{_POD_SECURITY}/enforce": "restricted",
                f"{_POD_SECURITY}/audit": "restricted",
                f"{_POD_SECURITY}/warn": "restricted",
                "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
            },
        ),
    )
