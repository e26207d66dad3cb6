"""What the guard finds, how it says so, and what may be let through by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tools.guard.errors import GuardError

OVERRIDE_OPTION = "--allow-replacement"
RUNBOOK = "docs/runbooks/replacement-guard.md"
ABSENT = None
LOGICAL_ID = "LogicalId"
_SHOWN_CHARACTERS = 160
_HIDDEN = re.compile("Password|Token")
"""Should somebody write a secret into a template instead of a reference to it."""


class Impact(Enum):
    """What would become of a resource."""

    REMOVED = "would be removed from its stack"
    REPLACED = "would be replaced by a new, empty one"
    UNPROTECTED = "would lose its protection"
    REGENERATED = "would get a new generated value"
    NAMESPACE_DELETED = "would delete a namespace"
    LEFT_BEHIND = "would be left behind: its stack is no longer synthesized"


@dataclass(frozen=True)
class Change:
    """A property, and its value before and after. `ABSENT` stands for no value."""

    name: str
    """Its path, such as KubernetesNetworkConfig/IpFamily."""
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.name == LOGICAL_ID:
            renamed = f"; new of its type, so perhaps renamed: {self.new}" if self.new else ""
            return f"{self.name} {self.old} is no longer in the template{renamed}"
        if _HIDDEN.search(self.name):
            return f"{self.name} changes; its values are not shown"
        return f"{self.name} changes from {_shown(self.old)} to {_shown(self.new)}"


@dataclass(frozen=True)
class Finding:
    """A resource that the deploy would harm, and why."""

    stack: str
    logical_id: str
    """Of the resource; empty for a whole stack."""
    construct: str
    """Its path in the construct tree."""
    resource_type: str
    impact: Impact
    changes: tuple[Change, ...]
    reasons: tuple[str, ...]
    """The same in words, and what stands behind it in other resources."""
    loss: str

    @property
    def name(self) -> str:
        """What the override calls it."""
        return f"{self.stack}/{self.logical_id}" if self.logical_id else self.stack

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.name} {self.impact.value}",
                f"  what   {self.resource_type}, {self.construct}",
                *(f"  why    {reason}" for reason in self.reasons),
                f"  lost   {self.loss}",
                f"  do     take the change back; or migrate, see {RUNBOOK};",
                f"         or let it through: {OVERRIDE_OPTION} {self.name}",
            ]
        )


def exclude_allowed(findings: Sequence[Finding], allowed: Iterable[str]) -> list[Finding]:
    """Return the findings that no override names.

    Raises:
        GuardError: an override names nothing that is found; it may be misspelt, or left over.
    """
    names = sorted({finding.name for finding in findings})
    for name in allowed:
        if name not in names:
            found = ", ".join(names) or "none, since nothing is stopped"
            raise GuardError(f"{OVERRIDE_OPTION}: found {name}; allowed: {found}")
    return [finding for finding in findings if finding.name not in set(allowed)]


def format_report(findings: Sequence[Finding]) -> str:
    """Say all that stops a deploy."""
    count = "1 change stops" if len(findings) == 1 else f"{len(findings)} changes stop"
    return "\n\n".join([f"{count} the deploy:", *map(str, findings)])


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
