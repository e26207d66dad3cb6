"""The steps of a release, from the settings of its service."""

from __future__ import annotations

from settings import StageSettings
from tools.release.executions import Execution
from tools.release.progress import PlannedStep

_ROLLED_OUT = PlannedStep("all pods", 2)
"""The only step of a rolling release: its alarms are observed for two minutes."""


def planned_steps(settings: StageSettings, release: Execution) -> list[PlannedStep]:
    """Return the steps of a release.

    The machine keeps the steps that it was deployed with. They differ from these for a while after
    a change of the settings.
    """
    strategy = release.input.get("strategy", "rolling")
    if strategy == "rolling":
        return [_ROLLED_OUT]
    delivery = settings.services.by_name()[str(release.input["service"])].delivery
    return [
        PlannedStep(step.position, step.bake_minutes)
        for step in delivery.plan(strategy, release.input["from"])
    ]
