"""How far a release is, from the states that its execution has entered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.release.executions import EnteredState

WAITING, MOVING, BAKING, DONE = "waiting", "moving", "baking", "done"
PREPARATION_MINUTES = 4
"""The usual time until the new image receives its first traffic (docs/delivery.md)."""
MOVE_MINUTES = 0.6
"""The usual time of a move of the traffic."""


@dataclass(frozen=True)
class PlannedStep:
    """A step of a release."""

    position: str
    bake_minutes: int


@dataclass(frozen=True)
class StepProgress:
    """A step of a running release, and how far it is."""

    position: str
    bake_minutes: int
    state: str
    bake_started: dt.datetime | None = None
    bake_ended: dt.datetime | None = None


@dataclass(frozen=True)
class Progress:
    """How far a release is."""

    phase: str
    steps: Sequence[StepProgress]


def planned_minutes(steps: Iterable[PlannedStep]) -> int:
    """Return the usual length of a release in minutes, without Hold."""
    planned = list(steps)
    bakes = sum(step.bake_minutes for step in planned)
    return round(PREPARATION_MINUTES + bakes + MOVE_MINUTES * len(planned))


def progress_of(entered: Sequence[EnteredState], plan: Sequence[PlannedStep]) -> Progress:
    """Return how far a release is.

    Args:
        entered: the states that the execution has entered, the oldest first.
        plan: the steps of the release, by the settings.
    """
    visits = _visits(entered)
    times = [time for _phase, time in visits[1:]]
    bakes = [
        (started, ended)
        for (phase, started), ended in zip(visits, (*times, None), strict=False)
        if phase == "Bake"
    ]
    phase = visits[-1][0] if visits else ""
    is_moving = phase in ("Move", "Moved")
    steps = [_step(step, number, bakes, is_moving) for number, step in enumerate(plan)]
    return Progress(phase, steps)


def _visits(entered: Sequence[EnteredState]) -> list[tuple[str, dt.datetime]]:
    """Return the phases in their order, each with the time of its beginning."""
    visits: list[tuple[str, dt.datetime]] = []
    for state in entered:
        if not visits or visits[-1][0] != state.phase:
            visits.append((state.phase, state.time))
    return visits


def _step(
    step: PlannedStep,
    number: int,
    bakes: Sequence[tuple[dt.datetime, dt.datetime | None]],
    is_moving: bool,
) -> StepProgress:
    if number < len(bakes):
        started, ended = bakes[number]
        state = DONE if ended else BAKING
        return StepProgress(step.position, step.bake_minutes, state, started, ended)
    state = MOVING if is_moving and number == len(bakes) else WAITING
    return StepProgress(step.position, step.bake_minutes, state)
