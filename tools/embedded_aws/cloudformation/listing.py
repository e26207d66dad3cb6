"""Lists the resources of the stacks with their fidelity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services.cloudformation import _stacks  # type: ignore[import-untyped]

GetFidelity = Callable[[str, str, Mapping[str, Any]], tuple[str, str]]
"""Returns the fidelity and a note, which can be empty, for a type, a physical id and properties."""


def list_resources(get_fidelity: GetFidelity, stack: str | None = None) -> list[dict[str, str]]:
    """Return the resources of all stacks, or of the stack with that name, sorted by name.

    A deleted stack has none.
    """
    found: list[dict[str, str]] = []
    for record in _stacks._data.values():
        name = record["StackName"]
        if stack in (None, name):
            found.extend(_resources(name, record, get_fidelity))
    return sorted(found, key=lambda entry: (entry["stack"], entry["logical_id"]))


def _resources(
    stack: str, record: Mapping[str, Any], get_fidelity: GetFidelity
) -> Iterator[dict[str, str]]:
    for logical_id, resource in record.get("_resources", {}).items():
        fidelity, note = get_fidelity(
            resource["ResourceType"],
            resource["PhysicalResourceId"],
            resource.get("Properties", {}),
        )
        entry = {
            "stack": stack,
            "logical_id": logical_id,
            "type": resource["ResourceType"],
            "physical_id": resource["PhysicalResourceId"],
            "fidelity": fidelity,
        }
        yield entry | ({"note": note} if note else {})
