"""Finds what keeps a first creation that failed from being repeated."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.rules.stage_graph import StageGraph

_PROTECTION = re.compile(r"(deletion|termination)_?protect|disableapitermination", re.IGNORECASE)
"""The names that the resource schemas give to protections, such as `DeletionProtectionEnabled`."""
_OFF = ("false", "INACTIVE")
_SERVICE_LINKED_ROLE = "AWS::IAM::ServiceLinkedRole"


def find_protections(graph: StageGraph) -> Iterator[str]:
    """Yield a sentence for each resource that AWS refuses to delete."""
    for resource_id in graph.resources:
        for name in _protections(graph.properties(resource_id)):
            yield f"{resource_id}: {name} makes AWS refuse to roll back a failed creation"


def find_leftovers(graph: StageGraph) -> Iterator[str]:
    """Yield a sentence for each resource that a failed creation leaves, or that may exist."""
    for resource_id in graph.resources:
        if graph.type(resource_id) == _SERVICE_LINKED_ROLE:
            yield (
                f"{resource_id}: the creation fails where the account has the role; create it with "
                "`python3 dev.py service-linked-roles`"
            )
        if graph.resource(resource_id).get("DeletionPolicy") == "Retain":
            yield (
                f"{resource_id}: DeletionPolicy Retain also keeps it after a failed creation; use "
                "RetainExceptOnCreate (RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE) or Delete"
            )


def _protections(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _protections(item)
    if not isinstance(value, Mapping):
        return
    # Load balancers have attributes with a key and a value ("LoadBalancerAttribute").
    named = {str(value["Key"]): value.get("Value")} if "Key" in value else value
    for name, item in named.items():
        if _PROTECTION.search(name) and item not in _OFF:
            yield name
        yield from _protections(item)
