"""Lists what the stacks hold, and how much of it is real."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services.cloudformation import _stacks  # type: ignore[import-untyped]

EMULATED = "emulated"
RECORDED = "recorded"
CHECKED = "checked"

How = Callable[[str, Mapping[str, Any]], tuple[str, str]]
"""From a resource's type and properties to how it is kept and a note, which may be empty."""


def list_resources(how: How, stack: str | None = None) -> list[dict[str, str]]:
    """Return the resources of all stacks, or of the stack of that name, in order of name.

    A deleted stack has none left.
    """
    found: list[dict[str, str]] = []
    for record in _stacks._data.values():
        name = record["StackName"]
        if stack in (None, name):
            found.extend(_resources(name, record, how))
    return sorted(found, key=lambda entry: (entry["stack"], entry["logical_id"]))


def _resources(stack: str, record: Mapping[str, Any], how: How) -> Iterator[dict[str, str]]:
    for logical_id, resource in record.get("_resources", {}).items():
        kept, note = how(resource["ResourceType"], resource.get("Properties", {}))
        entry = {
            "stack": stack,
            "logical_id": logical_id,
            "type": resource["ResourceType"],
            "physical_id": resource["PhysicalResourceId"],
            "how": kept,
        }
        yield entry | ({"note": note} if note else {})
