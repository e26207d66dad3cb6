"""A change of one property of a resource."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tools.guard.reference import is_function, to_json
from tools.templates.schemas import JsonValue, PropertyPath

ABSENT = None
"""The value of a property that the template does not have."""
LOGICAL_ID = "LogicalId"
_MAX_VALUE_LENGTH = 160
_SECRET_NAMES = re.compile("Password|Token")
"""A template should hold a reference to a secret. If it holds the secret, no message shows it."""


@dataclass(frozen=True)
class Change:
    """A property, with its values before and after the deployment."""

    name: str
    """The path of the property, such as KubernetesNetworkConfig/IpFamily."""
    old: JsonValue
    new: JsonValue

    def __str__(self) -> str:
        if self.name == LOGICAL_ID:
            renamed = f"; new of its type, so perhaps renamed: {self.new}" if self.new else ""
            return f"{self.name} {self.old} is no longer in the template{renamed}"
        if _SECRET_NAMES.search(self.name):
            return f"{self.name} changes; its values are not shown"
        return f"{self.name} changes from {_format_value(self.old)} to {_format_value(self.new)}"


def find_change(path: PropertyPath, old: JsonValue, new: JsonValue) -> Change | None:
    """Return the change at a path in the resolved properties of a resource; None if equal."""
    before, after = value_at(path, old), value_at(path, new)
    return None if before == after else Change("/".join(path), before, after)


def value_at(path: PropertyPath, node: JsonValue) -> JsonValue:
    """Return the value at a path.

    A reference or an intrinsic function on the way is returned itself: the value inside it is not
    known before the deployment.
    """
    for position, name in enumerate(path):
        if isinstance(node, list) and name == "*":
            return [value_at(path[position + 1 :], item) for item in node]
        if not isinstance(node, Mapping) or is_function(node):
            return node
        node = node.get(name, ABSENT)
    return node


def _format_value(value: JsonValue) -> str:
    if value is ABSENT:
        return "nothing"
    text = to_json(value)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}..."
