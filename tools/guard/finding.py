"""The findings of the guard, their text, and the overrides that allow them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from tools.guard.change import Change
from tools.guard.errors import GuardError
from tools.guard.refusal import RUNBOOK, Refusal

OVERRIDE_OPTION = "--allow-replacement"


class Impact(Enum):
    """The impact of a deployment on a resource or a stack."""

    REMOVED = "would be removed from its stack"
    REPLACED = "would be replaced by a new, empty one"
    UNPROTECTED = "would lose its protection"
    REGENERATED = "would get a new generated value"
    NAMESPACE_DELETED = "would delete a namespace"
    LEFT_BEHIND = "would be left behind: its stack is no longer synthesized"


@dataclass(frozen=True)
class Finding:
    """A resource or a stack whose data the deployment would lose, and the reason."""

    stack: str
    logical_id: str
    """The logical id of the resource; empty if the finding is about the whole stack."""
    construct_path: str
    resource_type: str
    impact: Impact
    changes: tuple[Change, ...]
    reasons: tuple[str, ...]
    """The text of the changes, and the replacements of other resources that cause them."""
    loss: str

    @property
    def name(self) -> str:
        """The name that an override gives: STACK/LOGICAL_ID, or STACK."""
        return f"{self.stack}/{self.logical_id}" if self.logical_id else self.stack

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.name} {self.impact.value}",
                f"  what   {self.resource_type}, {self.construct_path}",
                *(f"  why    {reason}" for reason in self.reasons),
                f"  lost   {self.loss}",
                f"  do     take the change back; or migrate, see {RUNBOOK};",
                f"         or let it through: {OVERRIDE_OPTION} {self.name}",
            ]
        )


def exclude_allowed(findings: Sequence[Finding], allowed: Iterable[str]) -> list[Finding]:
    """Return the findings that no override allows.

    Raises:
        GuardError: an override fits no finding. It is misspelt, or left over in a script.
    """
    allowed = list(allowed)
    names = sorted({finding.name for finding in findings})
    for name in allowed:
        if name not in names:
            found = ", ".join(names) or "none, since nothing is stopped"
            raise GuardError(f"{OVERRIDE_OPTION}: found {name}; allowed: {found}")
    return [finding for finding in findings if finding.name not in allowed]


def format_report(findings: Sequence[Finding], refusals: Sequence[Refusal] = ()) -> str:
    """Return the text that lists what stops a deployment: refusals first, then findings."""
    listed = [*refusals, *findings]
    count = "1 change stops" if len(listed) == 1 else f"{len(listed)} changes stop"
    return "\n\n".join([f"{count} the deploy:", *map(str, listed)])
