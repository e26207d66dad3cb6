"""Simulates how long releases take, and how long a bad version receives traffic.

The polls, bakes, periods and health checks are those of the synthesized templates. The times of AWS
and of pods are assumptions, which only releases on AWS can confirm.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from settings.delivery import Strategy
from tests.simulators.state_machine_simulator import State, definition
from tests.synthesis import SynthesizedStage

DRAWS = 20_000
CALL = (0.2, 1.0)
"""Seconds of a call of an API, with the transition to its state."""
UPDATE = (15, 45)
"""Seconds of an update of the stack, without its Jobs and roll-outs."""
JOBS = (50, 150)
"""Seconds of both Jobs that run before a release of the backend."""
POD = (45, 95)
"""Seconds from the creation of a pod until its target is healthy: a new target needs one check."""
AUTOSCALER = (0, 30)
"""Seconds until the autoscaler raises the pods of a new track to the floor of the release."""
NEW_NODE = (120, 240)
"""Seconds until a new node runs pods, if a track needs one."""
PUBLICATION = (30, 120)
"""Seconds until CloudWatch has the metrics of a minute."""
CALLS_BEFORE_PREPARE = 7
CALLS_OF_A_POLL = 3
CALLS_OF_A_RETURN = 4
"""The alarms or targets, the stack, the targets of the old track, and the listener rule."""


@dataclass(frozen=True)
class Percentiles:
    """The 1st, the 50th, the 95th and the 99th percentile, in minutes."""

    low: float
    median: float
    usually: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.1f} / {self.median:.1f} / {self.high:.1f}"


class ReleaseTimes:
    """Draws the times of releases of a stage."""

    def __init__(self, stage: SynthesizedStage) -> None:
        self._stage = stage
        self._machine: State = definition(stage, "delivery", "release")
        self._random = random.Random(1)  # noqa: S311 - no secret

    def duration(
        self, service: str, strategy: Strategy, pods: int, *, new_nodes: bool = False
    ) -> Percentiles:
        """Return the minutes until all traffic is on the new image and its bake is over."""
        plan = self.services[service]["plans"][strategy]["blue"]
        return self._percentiles(lambda: self._release(service, strategy, pods, plan, new_nodes))

    @property
    def services(self) -> dict[str, Any]:
        services: dict[str, Any] = self._machine["States"]["Start"]["Assign"]["services"]
        return services

    def alarm_detection(self) -> Percentiles:
        """Return the minutes until a track alarm returns a version that answers with errors."""
        (alarm,) = {
            (properties["Metrics"][1]["MetricStat"]["Period"], properties["EvaluationPeriods"])
            for properties in self._properties("AWS::CloudWatch::Alarm")
        }
        period, periods = alarm
        return self._percentiles(
            lambda: (
                self._draw((0, period))
                + period * periods
                + self._draw(PUBLICATION)
                + self._draw((0, self._seconds("Bake")))
                + self._calls(CALLS_OF_A_RETURN)
            )
        )

    def lost_pods_detection(self) -> Percentiles:
        """Return the minutes until unhealthy targets return a version that loses its pods."""
        (check,) = {
            (group["HealthCheckIntervalSeconds"], group["UnhealthyThresholdCount"])
            for group in self._properties("AWS::ElasticLoadBalancingV2::TargetGroup")
        }
        interval, failures = check
        return self._percentiles(
            lambda: (
                self._draw((0, interval))
                + interval * (failures - 1)
                + self._draw((0, self._seconds("Bake")))
                + self._calls(CALLS_OF_A_RETURN)
            )
        )

    def _release(
        self, service: str, strategy: Strategy, pods: int, plan: Sequence[State], new_nodes: bool
    ) -> float:
        seconds = self._seconds("Alone") + self._calls(CALLS_BEFORE_PREPARE) + self._draw(UPDATE)
        if self.services[service]["runsJobs"]:
            seconds += self._draw(JOBS)
        if strategy == "rolling":
            seconds += sum(self._draw(POD) for _ in range(pods))
            return seconds + self._poll("Prepared") + self._bakes(plan)
        seconds += self._poll("Prepared") + self._draw(AUTOSCALER)
        seconds += max(self._draw(POD) for _ in range(pods)) + self._draw((0, 10))
        seconds += self._draw(NEW_NODE) if new_nodes else 0
        seconds += self._calls(2 * len(self.services[service]["smokePaths"]))
        shifts = sum(self._calls(4) + self._draw(UPDATE) + self._poll("Moved") for _ in plan)
        return seconds + shifts + self._bakes(plan)

    def _bakes(self, plan: Sequence[State]) -> float:
        return sum(
            int(step["polls"]) * (self._seconds("Bake") + self._calls(CALLS_OF_A_POLL))
            for step in plan
        )

    def _poll(self, state: str) -> float:
        """Return the seconds between an event and the poll that sees it."""
        return self._draw((0, self._seconds(state))) + self._calls(2)

    def _seconds(self, state: str) -> int:
        return int(self._machine["States"][state]["Seconds"])

    def _calls(self, number: int) -> float:
        return sum(self._draw(CALL) for _ in range(number))

    def _draw(self, bounds: tuple[float, float]) -> float:
        return self._random.uniform(*bounds)

    def _percentiles(self, draw: Callable[[], float]) -> Percentiles:
        cuts = quantiles((draw() / 60 for _ in range(DRAWS)), n=100)
        return Percentiles(cuts[0], cuts[49], cuts[94], cuts[98])

    def _properties(self, resource_type: str) -> list[dict[str, Any]]:
        resources = self._stage.resources("workloads", resource_type).values()
        return [resource["Properties"] for resource in resources]
