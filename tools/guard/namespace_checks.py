"""Checks whether the namespaces of a Kubernetes manifest are deleted."""

from __future__ import annotations

from collections.abc import Iterator

from tools.guard.change import ABSENT, Change, find_change
from tools.guard.finding import Finding, Impact
from tools.guard.manifests import MANIFEST_TYPE
from tools.guard.reference import ResourceId, TargetChange, find_references
from tools.guard.stateful_resources import describe_contents, namespaces_in
from tools.guard.update import StageUpdate

_LOSS = describe_contents(MANIFEST_TYPE)


def check_namespaces(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    """Yield the findings about the namespaces of a deployed manifest."""
    if removal := update.removal(resource_id):
        yield update.finding(resource_id, Impact.REMOVED, removal, _LOSS)
        return
    yield from _check_cluster(update, resource_id)
    yield from _check_pruned_namespaces(update, resource_id)


def _check_cluster(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    """Yield a finding if the manifest moves to another cluster.

    A replaced cluster is not another cluster here, because it is a finding of its own.
    """
    change = find_change(
        ("ClusterName",), update.old_properties(resource_id), update.new_properties(resource_id)
    )
    if change and not any(
        reference.target_change == TargetChange.REPLACED
        for reference in find_references(change.new)
    ):
        yield update.finding(resource_id, Impact.REPLACED, (change,), _LOSS)


def _check_pruned_namespaces(update: StageUpdate, resource_id: ResourceId) -> Iterator[Finding]:
    """Yield a finding if the manifest no longer has a namespace, and kubectl prunes it."""
    old, new = update.old_properties(resource_id), update.new_properties(resource_id)
    pruned = sorted(namespaces_in(old) - namespaces_in(new))
    if pruned and "PruneLabel" in old:
        changes = tuple(Change(f"Manifest/Namespace/{name}", name, ABSENT) for name in pruned)
        yield update.finding(resource_id, Impact.NAMESPACE_DELETED, changes, _LOSS)
