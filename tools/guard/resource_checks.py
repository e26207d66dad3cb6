"""Checks whether a stateful resource is removed, replaced, unprotected or generated again."""

from __future__ import annotations

from collections.abc import Iterator

from tools.guard.change import Change, find_change
from tools.guard.finding import Finding, Impact
from tools.guard.reference import ResourceId
from tools.guard.stateful_resources import (
    Resource,
    deletion_policy,
    describe_contents,
    replacement_policy,
    retains_data,
)
from tools.guard.update import StageUpdate

_SECRET_TYPE = "AWS::SecretsManager::Secret"  # noqa: S105 - a type


def check_resource(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    """Yield the findings about a deployed stateful resource."""
    if removal := update.removal(resource_id):
        resource = update.old_resource(resource_id)
        loss = _describe_loss(resource, deletion_policy(resource))
        yield update.finding(resource_id, Impact.REMOVED, removal, loss)
        return
    yield from _check_replacement(update, resource_id)
    yield from _check_policies(update, resource_id)
    yield from _check_generated_secret(update, resource_id)


def _check_replacement(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    changes = update.replacements.get(resource_id)
    if changes:
        resource = update.new_resource(resource_id)
        loss = _describe_loss(resource, replacement_policy(resource))
        yield update.finding(resource_id, Impact.REPLACED, changes, loss)


def _check_policies(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    """Yield a finding if the resource no longer retains its data.

    The deployment itself loses nothing, but the next one could.
    """
    old, new = update.old_resource(resource_id), update.new_resource(resource_id)
    policies = {
        "DeletionPolicy": (deletion_policy(old), deletion_policy(new)),
        "UpdateReplacePolicy": (replacement_policy(old), replacement_policy(new)),
    }
    changes = tuple(
        Change(name, old_policy, new_policy)
        for name, (old_policy, new_policy) in policies.items()
        if retains_data(old_policy) and not retains_data(new_policy)
    )
    if changes:
        loss = f"with the next deletion or replacement: {describe_contents(old['Type'])}"
        yield update.finding(resource_id, Impact.UNPROTECTED, changes, loss)


def _check_generated_secret(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    """Yield a finding if Secrets Manager would generate another value for a secret."""
    if update.old_resource(resource_id)["Type"] != _SECRET_TYPE:
        return
    change = find_change(
        ("GenerateSecretString",),
        update.old_properties(resource_id),
        update.new_properties(resource_id),
    )
    if change and change.new is not None:
        loss = "the value: the new one is not what the other systems know, so they refuse it"
        yield update.finding(resource_id, Impact.REGENERATED, (change,), loss)


def _describe_loss(resource: Resource, policy: str) -> str:
    contents = describe_contents(resource["Type"])
    match policy:
        case "Delete":
            return contents
        case "Snapshot":
            return f"{contents}; a final snapshot stays"
        case _:
            return f"{contents}; the old one stays, but unused and managed by nobody"
