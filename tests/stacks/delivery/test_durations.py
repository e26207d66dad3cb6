"""INFRASTRUCTURE.md, Deployment Strategies: how long a release of each strategy takes.

The observation is what the settings say. The other times are assumptions in minutes, until they are
measured in an account of AWS: an update of the stack 0.5, the Jobs of the backend 1.7, a pod until
the load balancer finds it healthy 1.2, the smoke test 0.3, and a shift of traffic 0.6.
"""

import pytest

from settings import load_stage
from settings.delivery import DeliverySettings, Strategy
from stacks.delivery.service_release import ROLLING_BAKE_MINUTES

UPDATE, JOBS, POD, SMOKE, SHIFT = 0.5, 1.7, 1.2, 0.3, 0.6


def minutes(strategy: Strategy) -> float:
    """Return how long a release of production's backend takes with the default settings."""
    if strategy == "rolling":
        pods = load_stage("production").services.backend.replicas.initial
        return UPDATE + JOBS + pods * POD + ROLLING_BAKE_MINUTES
    steps = DeliverySettings(strategy=strategy).plan(strategy, "blue")
    bakes = sum(step.bake_minutes for step in steps)
    return UPDATE + JOBS + POD + SMOKE + len(steps) * SHIFT + bakes


@pytest.mark.parametrize(
    ("strategy", "least", "most"), [("rolling", 5, 10), ("blue-green", 10, 15), ("canary", 30, 60)]
)
def test_a_release_takes_as_long_as_the_design_says(
    strategy: Strategy, least: int, most: int
) -> None:
    assert least <= minutes(strategy) <= most
