"""What a deployment cannot do, because AWS would refuse it or users would notice it."""

from __future__ import annotations

from dataclasses import dataclass

RUNBOOK = "docs/runbooks/replacement-guard.md"


@dataclass(frozen=True)
class Refusal:
    """A change that makes the deployment fail, or the application. No override allows it."""

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
    summary: str = "AWS would refuse the change"
    runbook: str = RUNBOOK

    def __str__(self) -> str:
        first, *rest = self.way
        return "\n".join(
            [
                f"{self.name} cannot be deployed: {self.summary}",
                f"  what   {self.subject}",
                *(f"  why    {reason}" for reason in self.reasons),
                f"  error  {self.error}",
                f"  do     {first}",
                *(f"         {sentence}" for sentence in rest),
                f"         See {self.runbook}.",
            ]
        )
