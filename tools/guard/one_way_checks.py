"""Checks whether a version or a size changes in a way that AWS refuses, such as a downgrade.

The resource schemas do not say this: the property is updated in place, but in one direction only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tools.guard.change import Change, find_change
from tools.guard.refusal import Refusal
from tools.guard.update import StageUpdate
from tools.templates.schemas import JsonValue

Version = tuple[int, ...]


@dataclass(frozen=True)
class OneWayProperty:
    """A property that AWS updates in one direction only."""

    is_refused: Callable[[Version, Version], bool]
    """Takes the old and the new value, as numbers."""
    error: str
    """Why AWS refuses the change."""
    way: str


def _is_lower(old: Version, new: Version) -> bool:
    """Return whether a version goes back. A major version alone stands for its newest minor one."""
    shortest = min(len(old), len(new))
    return new[:shortest] < old[:shortest]


def _is_less_than_a_tenth_more(old: Version, new: Version) -> bool:
    return old != new and 10 * new[0] < 11 * old[0]


def _is_no_next_minor(old: Version, new: Version) -> bool:
    return old != new and new != (*old[:-1], old[-1] + 1)


ONE_WAY_PROPERTIES: Mapping[tuple[str, str], OneWayProperty] = {
    # "You can't reduce the amount of storage", and "if you try to increase the value by less than
    # 10 percent, you get an error" ("Increasing DB instance storage capacity", RDS User Guide).
    ("AWS::RDS::DBInstance", "AllocatedStorage"): OneWayProperty(
        _is_less_than_a_tenth_more,
        "RDS does not shrink the storage of an instance, and grows it by 10 percent or more",
        "Undo the change, or set a size that is at least 10 percent larger.",
    ),
    # EngineVersion is "the version number of the database engine to upgrade to"
    # (ModifyDBInstance, Amazon RDS API Reference).
    ("AWS::RDS::DBInstance", "EngineVersion"): OneWayProperty(
        _is_lower,
        "RDS does not downgrade an engine",
        "Undo the change; or restore a snapshot from before the upgrade.",
    ),
    # "You cannot downgrade to an earlier engine version" (ModifyReplicationGroup, Amazon
    # ElastiCache API Reference).
    ("AWS::ElastiCache::ReplicationGroup", "EngineVersion"): OneWayProperty(
        _is_lower,
        "ElastiCache does not downgrade an engine",
        "Undo the change; or replace the replication group, which loses its content.",
    ),
    # "Update existing cluster to new Kubernetes version" and "Rollback cluster to previous
    # Kubernetes version", Amazon EKS User Guide. A template updates the cluster before its nodes.
    ("AWS::EKS::Cluster", "Version"): OneWayProperty(
        _is_no_next_minor,
        "EKS upgrades one minor version at a time. It rolls the last upgrade back within 7 days, "
        "and only after the node groups",
        "Undo the change, or set the next minor version.",
    ),
}
"""The properties by resource type and name."""


def check_one_way_properties(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    """Yield the changes of a stack's resources that AWS makes in the other direction only."""
    for resource_id in update.deployed_resources(stack):
        if update.removal(resource_id) or resource_id in update.replacements:
            continue
        resource_type = update.old_resource(resource_id)["Type"]
        old, new = update.old_properties(resource_id), update.new_properties(resource_id)
        for (type_name, name), one_way in ONE_WAY_PROPERTIES.items():
            change = find_change((name,), old, new) if type_name == resource_type else None
            if change and _is_refused(one_way, change):
                yield Refusal(
                    name=str(resource_id),
                    subject=update.describe(resource_id),
                    error=one_way.error,
                    reasons=(str(change),),
                    way=(one_way.way, "No order of the deployments helps."),
                )


def _is_refused(one_way: OneWayProperty, change: Change) -> bool:
    old, new = _numbers(change.old), _numbers(change.new)
    return bool(old and new) and one_way.is_refused(old, new)


def _numbers(value: JsonValue) -> Version:
    """Return the numbers of a version or a size; empty if the template does not say it."""
    is_number = isinstance(value, str | int) and re.fullmatch(r"\d+(\.\d+)*", str(value))
    return tuple(map(int, str(value).split("."))) if is_number else ()
