"""Checks whether a deployment removes a track that receives traffic.

The position of a service with two tracks is a parameter of the workloads stack. A template with
rolling updates has no such parameter, and forwards all requests to the blue track. The template
cannot refuse that itself, because its parameter goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.guard.refusal import Refusal
from tools.guard.update import StageUpdate

_SUFFIX = "Traffic"
_ONLY_BLUE = "blue"
RUNBOOK = "docs/delivery.md"


def check_traffic(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    """Yield the positions of a deployed stack that the synthesized template does not have."""
    synthesized = update.synthesized.get(stack)
    if synthesized is None:
        return
    wanted = synthesized.template.get("Parameters", {})
    for name, position in update.deployed[stack].parameters.items():
        if not name.endswith(_SUFFIX):
            continue
        service = name.removesuffix(_SUFFIX).lower()
        if name in wanted:
            allowed = wanted[name].get("AllowedValues", [position])
            if position not in allowed:
                yield _removed_position(stack, name, position, allowed)
        elif position != _ONLY_BLUE:
            yield _removed_track(stack, name, position, service)


def _removed_track(stack: str, name: str, position: str, service: str) -> Refusal:
    stage = stack.removeprefix("spywatcher-").removesuffix("-workloads")
    return Refusal(
        name=f"{stack}/{name}",
        subject=f"the position of the {service}, which is {position}",
        summary="requests would reach no pod",
        error="the blue track would receive all requests before its pods run",
        reasons=(f"services.{service}.delivery.strategy becomes rolling",),
        way=(
            "Wait for the release that runs, or return it. If the position is then green, release",
            f"the current image once more: python3 dev.py release start {service} {stage}",
            f"--image IMAGE. Deploy at the position {_ONLY_BLUE}.",
        ),
        runbook=RUNBOOK,
    )


def _removed_position(stack: str, name: str, position: str, allowed: list[str]) -> Refusal:
    return Refusal(
        name=f"{stack}/{name}",
        subject=f"the position of the traffic, which is {position}",
        error=f"Parameter '{name}' must be one of AllowedValues: {', '.join(allowed)}",
        reasons=("the steps of the delivery change during a release",),
        way=("Wait until the release that runs is complete, or return it.",),
        runbook=RUNBOOK,
    )
