"""Checks whether Redis gets its first replica and automatic failover in one update.

CloudFormation enables automatic failover before it adds the replica, and ElastiCache refuses
(cloudformation-coverage-roadmap #383, open on 2026-11-25). In the other direction, ElastiCache
keeps at least one replica while Multi-AZ is enabled ("DecreaseReplicaCount", ElastiCache API
reference).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tools.guard.change import Change
from tools.guard.refusal import Refusal
from tools.guard.templates import has_resource
from tools.guard.update import StageUpdate
from tools.templates.schemas import JsonValue

_TYPE = "AWS::ElastiCache::ReplicationGroup"
_NODES, _FAILOVER = "NumCacheClusters", "AutomaticFailoverEnabled"
_ENABLED = "true"
"""The resolver turns booleans and numbers into strings."""


def check_replication_groups(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    """Yield the replication groups of a deployed stack whose update takes two deployments."""
    for resource_id in update.deployed_resources(stack):
        is_group = update.old_resource(resource_id)["Type"] == _TYPE
        if not is_group or not has_resource(update.synthesized, resource_id):
            continue
        old, new = update.old_properties(resource_id), update.new_properties(resource_id)
        refused = _refused(old, new)
        if refused:
            error, way = refused
            changes = [
                Change(name, old.get(name), new.get(name))
                for name in (_NODES, _FAILOVER)
                if old.get(name) != new.get(name)
            ]
            yield Refusal(
                name=str(resource_id),
                subject=update.describe(resource_id),
                error=error,
                reasons=tuple(map(str, changes)),
                way=way,
            )


def _refused(
    old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]
) -> tuple[str, tuple[str, ...]] | None:
    """Return the error of ElastiCache, and the two deployments; None for another change."""
    if old.get(_NODES) == "1" != new.get(_NODES) and new.get(_FAILOVER) == _ENABLED:
        return (
            "Replication group must have at least one read replica to enable autofailover.",
            (
                "Deploy twice: first with cache.automatic_failover: false, which adds the replica,",
                "then with true, which enables the failover.",
            ),
        )
    if new.get(_NODES) == "1" != old.get(_NODES) and old.get(_FAILOVER) == _ENABLED:
        return (
            "The last replica cannot be deleted while Multi-AZ is enabled.",
            (
                "Deploy twice: first with cache.automatic_failover: false and the present nodes,",
                "then with cache.nodes: 1.",
            ),
        )
    return None
