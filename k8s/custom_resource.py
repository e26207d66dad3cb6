"""Custom resources: cdk8s has no classes for the kinds that the controllers define."""

from collections.abc import Mapping
from typing import Any

import cdk8s

from constructs import Construct
from k8s.names import NAMESPACE


def add_custom_resource(
    scope: Construct,
    construct_id: str,
    *,
    api_version: str,
    kind: str,
    name: str,
    labels: Mapping[str, str],
    spec: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Add a custom resource to the application's namespace."""
    resource = cdk8s.ApiObject(
        scope,
        construct_id,
        api_version=api_version,
        kind=kind,
        metadata=cdk8s.ApiObjectMetadata(
            name=name, namespace=NAMESPACE, labels=labels, annotations=annotations
        ),
    )
    # In Python, ApiObject accepts no field but metadata.
    resource.add_json_patch(cdk8s.JsonPatch.add("/spec", spec))
