"""Checks whether a manifest changes a field of a Kubernetes object that cannot change.

CloudFormation applies a changed manifest with `kubectl apply`. The API server, or the webhook of a
controller, refuses the change of an immutable field, and the update of the stack fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.guard.change import Change, find_change
from tools.guard.manifests import MANIFEST_TYPE, objects_in
from tools.guard.reference import ResourceId
from tools.guard.refusal import Refusal
from tools.guard.templates import has_resource
from tools.guard.update import StageUpdate
from tools.templates.immutable_fields import changed_immutable_fields

ObjectKey = tuple[str, str, str]
"""The kind, the namespace and the name of an object."""


def check_immutable_fields(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    """Yield the refused changes of the Kubernetes objects of a deployed stack."""
    for resource_id in update.deployed_resources(stack):
        is_manifest = update.old_resource(resource_id)["Type"] == MANIFEST_TYPE
        if is_manifest and has_resource(update.synthesized, resource_id):
            yield from _check_manifest(update, resource_id)


def _check_manifest(update: StageUpdate, resource_id: ResourceId) -> Iterator[Refusal]:
    old, new = update.old_properties(resource_id), update.new_properties(resource_id)
    if find_change(("ClusterName",), old, new):
        return
    wanted = _by_key(objects_in(new))
    for (kind, namespace, name), item in _by_key(objects_in(old)).items():
        after = wanted.get((kind, namespace, name))
        for field in changed_immutable_fields(kind, item, after) if after else ():
            manifest = Change("Manifest", old.get("Manifest"), new.get("Manifest"))
            yield Refusal(
                name=str(resource_id),
                subject=f"{kind} {'/'.join(filter(None, (namespace, name)))} of the manifest "
                f"{update.describe(resource_id)}",
                error=f'{kind} "{name}" is invalid: {field}: field is immutable',
                reasons=(f"{field} changes", *update.causes((manifest,))),
                way=(
                    "Undo the change, or give the object another name, so that it is a new one.",
                    "No order of the deployments helps.",
                ),
            )


def _by_key(objects: list[Mapping[str, Any]]) -> dict[ObjectKey, Mapping[str, Any]]:
    result = {}
    for item in objects:
        metadata = item.get("metadata", {})
        key = (str(item["kind"]), str(metadata.get("namespace", "")), str(metadata.get("name")))
        result[key] = item
    return result
