"""The intrinsic functions of templates, and the references to resources among them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from tools.templates.schemas import JsonValue


@dataclass(frozen=True)
class ResourceId:
    """Identifies a resource in a stage."""

    stack: str
    """The name of the stack."""
    logical_id: str

    def __str__(self) -> str:
        return f"{self.stack}/{self.logical_id}"


class TargetChange(Enum):
    """A change of a resource that changes the values of references to it."""

    REPLACED = "replaced"
    UPDATED = "updated"
    """Only for custom resources: each of their attributes can change with an update."""


@dataclass(frozen=True)
class Reference:
    """A `Ref` or `Fn::GetAtt` of a resource, also one that another stack exports.

    Two references are equal if they return the same value before and after the deployment.
    """

    target: ResourceId
    attribute: JsonValue = None
    """The attribute of `Fn::GetAtt`; None for `Ref`."""
    target_change: TargetChange | None = None
    """None if the deployment does not change the value."""

    def as_function(self) -> dict[str, JsonValue]:
        """Return the intrinsic function, with stack/LogicalId in place of the logical id."""
        target = str(self.target)
        if self.target_change:
            target += f" ({self.target_change.value})"
        if self.attribute is None:
            return {"Ref": target}
        return {"Fn::GetAtt": [target, self.attribute]}


def is_function(node: Mapping[str, JsonValue]) -> bool:
    """Return whether a node of a template is an intrinsic function."""
    name = next(iter(node), "")
    return len(node) == 1 and (name == "Ref" or name.startswith("Fn::"))


def find_references(value: JsonValue) -> Iterator[Reference]:
    """Yield the references in a resolved value, in their order."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_references(item)
    elif isinstance(value, list):
        for item in value:
            yield from find_references(item)


def to_json(value: JsonValue) -> str:
    """Return a resolved value as JSON, in which references are intrinsic functions."""
    return json.dumps(value, default=Reference.as_function, separators=(",", ":"), sort_keys=True)
