"""What CloudFormation or the API server of the cluster would refuse, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

RUNBOOK = "docs/runbooks/replacement-guard.md"


@dataclass(frozen=True)
class Refusal:
    """A change that makes the deployment fail. Nothing is lost, so no override allows it."""

    name: str
    """The resource or the output: STACK/LOGICAL_ID."""
    subject: str
    """Its type and construct path, or the name of the export."""
    error: str
    """What the deployment would report."""
    reasons: tuple[str, ...]
    """The changes that cause the refusal."""
    way: tuple[str, ...]
    """What to do, one sentence for each line."""

    def __str__(self) -> str:
        first, *rest = self.way
        return "\n".join(
            [
                f"{self.name} cannot be deployed: AWS would refuse the change",
                f"  what   {self.subject}",
                *(f"  why    {reason}" for reason in self.reasons),
                f"  error  {self.error}",
                f"  do     {first}",
                *(f"         {sentence}" for sentence in rest),
                f"         See {RUNBOOK}.",
            ]
        )
