"""Reads the state of the services of a stage from AWS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from settings import StageSettings
from tools.release.deployed import DeployedService, DeployedStage, read_deployed_stage
from tools.release.executions import EnteredState, Execution, ReleaseMachine
from tools.release.metrics import TrackMetrics, read_track_metrics
from tools.release.outcomes import needs_return
from tools.release.plans import planned_steps
from tools.release.progress import (
    DONE,
    PlannedStep,
    Progress,
    planned_minutes,
    progress_of,
)
from tools.release.report import ServiceReport

if TYPE_CHECKING:
    from boto3 import Session


_KINDS = ("errors", "slow")
"""The alarms of a track."""


class StageReader:
    """Reads the services of a stage, again and again."""

    def __init__(self, session: Session, settings: StageSettings) -> None:
        """Read the workloads stack.

        Raises:
            ReleaseError: the stack does not exist.
        """
        self._settings = settings
        self._cloudformation = session.client("cloudformation")
        self._load_balancing = session.client("elbv2")
        self._cloudwatch = session.client("cloudwatch")
        self._entered: dict[str, list[EnteredState]] = {}
        self._metrics: dict[tuple[str, str], TrackMetrics | None] = {}
        stage = self.stage()
        self.machine = ReleaseMachine(session.client("stepfunctions"), settings, stage.account)

    def stage(self) -> DeployedStage:
        """Read what is deployed."""
        return read_deployed_stage(self._cloudformation, self._settings)

    def report(self, name: str) -> ServiceReport:
        """Read everything about a service."""
        service = self.stage().services[name]
        release = next(self.machine.releases(name), None)
        returning = self._return_of(release)
        running = next((e for e in (release, returning) if e and e.is_running), None)
        plan = planned_steps(self._settings, release) if release else []
        progress = self._progress(running, plan) if running else None
        return ServiceReport(
            stage=self._settings.stage,
            service=service,
            release=release,
            returning=returning,
            progress=progress,
            minutes=planned_minutes(plan),
            metrics=self._measured(service, release, progress),
            alarms=self._alarms(service),
            healthy={track: self._health(arn) for track, arn in service.target_groups.items()},
        )

    def _return_of(self, release: Execution | None) -> Execution | None:
        if release is None or not (needs_return(release) or release.is_running):
            return None
        return self.machine.find_return(release)

    def _progress(self, running: Execution, plan: Sequence[PlannedStep]) -> Progress:
        entered = self._entered.setdefault(running.arn, [])
        last = entered[-1].event if entered else 0
        entered += self.machine.entered_states(running, after=last)
        return progress_of(entered, plan)

    def _measured(
        self, service: DeployedService, release: Execution | None, progress: Progress | None
    ) -> Mapping[str, TrackMetrics | None]:
        """Read the metrics of the steps that are done, each once."""
        if release is None or progress is None or not service.has_two_tracks:
            return {}
        track = "green" if release.input.get("from") == "blue" else "blue"
        found = {}
        for step in progress.steps:
            if step.state != DONE or step.bake_started is None or step.bake_ended is None:
                continue
            key = (release.arn, step.position)
            if key not in self._metrics:
                self._metrics[key] = read_track_metrics(
                    self._cloudwatch,
                    service.rule,
                    service.target_groups[track],
                    step.bake_started,
                    step.bake_ended,
                )
            found[step.position] = self._metrics[key]
        return found

    def _alarms(self, service: DeployedService) -> Mapping[str, str]:
        names = watched_alarms(self._settings, service)
        found = self._cloudwatch.describe_alarms(
            AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        alarms = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}

    def _health(self, target_group: str) -> tuple[int, int]:
        found = self._load_balancing.describe_target_health(TargetGroupArn=target_group)
        states = [t["TargetHealth"]["State"] for t in found["TargetHealthDescriptions"]]
        return states.count("healthy"), len(states)


def watched_alarms(settings: StageSettings, service: DeployedService) -> list[str]:
    """Return the names of the alarms that a release of a service observes."""
    of_service = settings.resource_name(service.name)
    names = [f"{of_service}-down", settings.resource_name("high-error-rate")]
    if service.has_two_tracks:
        names += [f"{of_service}-{track}-{kind}" for track in service.images for kind in _KINDS]
    return names


def now() -> dt.datetime:
    """Return the present time."""
    return dt.datetime.now(dt.UTC)
