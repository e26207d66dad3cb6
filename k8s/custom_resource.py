"""Objects of the controllers' own kinds, for which there are no classes."""

from collections.abc import Mapping
from typing import Any

import cdk8s

from constructs import Construct
from k8s.names import NAMESPACE


def custom_resource(
    scope: Construct,
    construct_id: str,
    *,
    api_version: str,
    kind: str,
    name: str,
    labels: Mapping[str, str],
    spec: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
) -> cdk8s.ApiObject:
    """Make an object of a custom resource definition, in the application's namespace."""
    made = cdk8s.ApiObject(
        scope,
        construct_id,
        api_version=api_version,
        kind=kind,
        metadata=cdk8s.ApiObjectMetadata(
            name=name, namespace=NAMESPACE, labels=labels, annotations=annotations
        ),
    )
    # In Python the class takes no field of an object beside its metadata.
    made.add_json_patch(cdk8s.JsonPatch.add("/spec", spec))
    return made
