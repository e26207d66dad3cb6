"""The fields of Kubernetes objects that the API server does not allow to change.

The embedded AWS refuses such a change as the API server does, and the guard before a deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IMMUTABLE_FIELDS = {
    "ClusterRoleBinding": ("roleRef",),
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Job": (
        *("spec.completionMode", "spec.completions", "spec.managedBy", "spec.podFailurePolicy"),
        *("spec.backoffLimitPerIndex", "spec.selector", "spec.successPolicy", "spec.template"),
    ),
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes"),
    "PriorityClass": ("preemptionPolicy", "value"),
    "ResourceQuota": ("spec.scopes",),
    "RoleBinding": ("roleRef",),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
    # checkImmutableFields in webhooks/elbv2/targetgroupbinding_validator.go of
    # aws-load-balancer-controller v3.5.0
    "TargetGroupBinding": (
        *("spec.targetGroupARN", "spec.targetType", "spec.ipAddressType", "spec.vpcID"),
    ),
}
"""The fields that the API server does not allow to change, by kind.

Those of Kubernetes' own kinds are from its validation (kubernetes v1.35, pkg/apis/*/validation).
"""

KINDS_WITHOUT_IMMUTABLE_FIELDS = {
    "AmazonCloudWatchAgent": "amazon-cloudwatch-agent-operator v3.6.0, collector_webhook.go",
    "ClusterRole": "kubernetes v1.35, ValidateClusterRoleUpdate",
    "ConfigMap": "kubernetes v1.35, ValidateConfigMapUpdate: only with `immutable: true`",
    "ExternalSecret": "external-secrets v2.9.0, externalsecret_validator.go",
    "HorizontalPodAutoscaler": "kubernetes v1.35, ValidateHorizontalPodAutoscalerUpdate",
    "LimitRange": "kubernetes v1.35, ValidateLimitRange for creation and update",
    "Namespace": "kubernetes v1.35, ValidateNamespaceUpdate",
    "NetworkPolicy": "kubernetes v1.35, ValidateNetworkPolicyUpdate",
    "PodDisruptionBudget": "kubernetes v1.35, ValidatePodDisruptionBudget for both",
    "Role": "kubernetes v1.35, ValidateRoleUpdate",
    "ScaledObject": "keda v2.20.2, scaledobject_webhook.go",
    "SecretStore": "external-secrets v2.9.0, secretstore_validator.go",
    "Service": "kubernetes v1.35, ValidateServiceUpdate: only spec.clusterIP, in no manifest",
    "ServiceAccount": "kubernetes v1.35, ValidateServiceAccountUpdate",
    "TriggerAuthentication": "keda v2.20.2, triggerauthentication_webhook.go",
}
"""The kinds that a stage applies without any immutable field, each with the source."""


def changed_immutable_fields(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[str]:
    """Return the immutable fields that differ between two states of an object."""
    fields = IMMUTABLE_FIELDS.get(kind, ())
    return [field for field in fields if _at(old, field) != _at(new, field)]


def _at(tree: Any, field: str) -> Any:  # noqa: ANN401 - any JSON
    for part in field.split("."):
        tree = tree.get(part) if isinstance(tree, Mapping) else None
    return tree
