"""The resources that a deployment adds, changes, replaces or removes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from tools.guard.reference import ResourceId
from tools.guard.templates import has_resource
from tools.guard.update import StageUpdate


class ChangeKind(Enum):
    """What a deployment does with a resource."""

    ADDED = "added"
    CHANGED = "changed"
    REPLACED = "may be replaced"
    REMOVED = "removed"


ResourceChanges = Mapping[str, Mapping[ChangeKind, list[ResourceId]]]
"""The changed resources by stack and by kind. Both have only what changes."""


def find_resource_changes(update: StageUpdate) -> ResourceChanges:
    """Return the changed resources of the synthesized stacks."""
    changes: dict[str, dict[ChangeKind, list[ResourceId]]] = {}
    for stack in update.synthesized:
        of_stack: dict[ChangeKind, list[ResourceId]] = {}
        deployed = update.deployed_resources(stack)
        for resource_id in deployed:
            if kind := _kind(update, resource_id):
                of_stack.setdefault(kind, []).append(resource_id)
        known = set(deployed)
        added = [
            resource_id
            for logical_id in update.synthesized[stack].resources
            if (resource_id := ResourceId(stack, logical_id)) not in known
            and update.after.condition(resource_id) is not False
        ]
        if added:
            of_stack[ChangeKind.ADDED] = added
        if of_stack:
            changes[stack] = {kind: of_stack[kind] for kind in ChangeKind if kind in of_stack}
    return changes


def _kind(update: StageUpdate, resource_id: ResourceId) -> ChangeKind | None:
    """Return what happens to a deployed resource; None if nothing does."""
    if resource_id in update.replacements:
        return ChangeKind.REPLACED
    if update.removal(resource_id):
        return ChangeKind.REMOVED
    if not has_resource(update.synthesized, resource_id):
        return None
    old, new = update.old_resource(resource_id), update.new_resource(resource_id)
    # The properties can change although the text is the same: a resource that they refer to is
    # replaced, or a parameter has another default.
    is_changed = _without_metadata(old) != _without_metadata(new) or (
        update.old_properties(resource_id) != update.new_properties(resource_id)
    )
    return ChangeKind.CHANGED if is_changed else None


def _without_metadata(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "Metadata"}
