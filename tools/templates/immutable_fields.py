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
    "Job": ("spec.completions", "spec.selector", "spec.template"),
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes"),
    "RoleBinding": ("roleRef",),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
}
"""The fields that the API server does not allow to change, by kind."""


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
