"""The state of the services of a stage, as text of 80 columns and as JSON."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.release.deployed import DeployedService, shares, short_image
from tools.release.executions import FINISH, HOLD, Execution
from tools.release.metrics import TrackMetrics
from tools.release.outcomes import highest_share, outcome_of
from tools.release.progress import BAKING, DONE, Progress, StepProgress

WIDTH = 80
_PHASES = {
    "": "starting",
    "Start": "starting",
    "Alone": "looks for other releases",
    "Survey": "checks the stage",
    "Prepare": "starts the new image",
    "Prepared": "waits until the new image runs",
    "Healthy": "waits for healthy targets",
    "Smoke": "requests the smoke paths",
    "Move": "moves the traffic",
    "Moved": "waits for the listener rule",
    "Bake": "observes the alarms",
    "Released": "all traffic is on the new image",
    HOLD: "released; the old image still runs",
    FINISH: "released; removes the old image",
    "Finished": "released",
    "Return": "a return begins",
    "Look": "a return begins",
    "Withdraw": "returns the traffic to the old image",
    "Write": "writes the position of the old image",
    "Verify": "checks the listener rule",
    "Tell": "sends the message of the return",
    "Stuck": "sends the message that a person is needed",
    "Tidy": "removes the new image",
    "Tidied": "waits until the new image is removed",
}
"""What each phase of an execution does."""


@dataclass(frozen=True)
class ServiceReport:
    """What is known of a service at one moment."""

    stage: str
    service: DeployedService
    release: Execution | None
    """The newest release; None if there was none in 90 days."""
    returning: Execution | None
    """The return of that release; None if there is none."""
    progress: Progress | None
    """The progress of the execution that runs; None if none does."""
    minutes: int
    """The usual length of the release."""
    metrics: Mapping[str, TrackMetrics | None]
    """What each step has measured of the new track, by position; steps not read are missing."""
    alarms: Mapping[str, str]
    """The state of each alarm that the release observes, by name."""
    healthy: Mapping[str, tuple[int, int]]
    """The healthy and all targets of each track."""

    @property
    def is_unattended(self) -> bool:
        """Whether the traffic is between two tracks, and no execution moves it."""
        return self.service.running_track is None and self.progress is None


def to_text(report: ServiceReport, now: dt.datetime) -> str:
    """Return the state of a service in lines of at most 80 columns."""
    lines = [f"{report.service.name:10}{_traffic(report.service)}"]
    lines += [f"  {track:10}{image}" for track, image in _images(report.service)]
    if report.release is not None:
        lines += _release_lines(report, report.release, now)
    if report.is_unattended:
        lines.append("  Nobody watches this position, because no execution runs.")
    if report.progress is not None or report.is_unattended:
        lines.append(f"  roll back {_rollback(report)}")
    return "\n".join(_cut(line) for line in lines)


def _release_lines(report: ServiceReport, release: Execution, now: dt.datetime) -> Iterator[str]:
    yield f"  release   {release.name}, {release.input.get('strategy', '')}"
    yield f"  image     {short_image(str(release.input.get('image', '')))}"
    if report.progress is None:
        execution = report.returning or release
        text = f"  ended     {_time(execution.ended)}, {outcome_of(execution).text}"
        yield from wrapped(text, indent=12).splitlines()
        return
    elapsed = _duration(now - release.started)
    yield f"  time      {elapsed} of about {report.minutes} min"
    phase = report.progress.phase
    yield f"  now       {_PHASES.get(phase, phase)}"
    if report.returning is None:
        for step in report.progress.steps:
            yield f"  {_step_text(step, report.metrics, now)}"
    yield f"  alarms    {_alarm_text(report.alarms)}"
    yield f"  targets   {_health_text(report.healthy)}"


def _step_text(
    step: StepProgress, metrics: Mapping[str, TrackMetrics | None], now: dt.datetime
) -> str:
    detail = ""
    if step.state == BAKING and step.bake_started:
        detail = f"{_duration(now - step.bake_started)} of {step.bake_minutes} min"
    elif step.state == DONE and step.position in metrics:
        detail = _metrics_text(metrics[step.position])
    return f"{step.position:10}{step.state:10}{detail}".rstrip()


def _metrics_text(metrics: TrackMetrics | None) -> str:
    if metrics is None:
        return "no request seen"
    return (
        f"{metrics.requests} requests, {metrics.error_percent:.1f} % errors, "
        f"p95 {metrics.p95_milliseconds} ms"
    )


def _alarm_text(alarms: Mapping[str, str]) -> str:
    on = sorted(name for name, state in alarms.items() if state == "ALARM")
    return f"in ALARM: {', '.join(on)}" if on else "quiet"


def _health_text(healthy: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{track} {up} of {total} healthy" for track, (up, total) in healthy.items())


def _traffic(service: DeployedService) -> str:
    if not service.has_two_tracks:
        return "rolling updates"
    if service.running_track:
        return f"all traffic on {service.running_track}, which runs alone"
    parts = [f"{track} {share} %" for track, share in shares(service.position).items()]
    return f"{service.position}: {', '.join(parts)}"


def _images(service: DeployedService) -> Iterator[tuple[str, str]]:
    running = service.running_track
    for track, image in service.images.items():
        if running in (None, track):
            yield track if service.has_two_tracks else "image", short_image(image)


def _rollback(report: ServiceReport) -> str:
    name = report.service.name
    return f"python3 dev.py release rollback {name} {report.stage} --because TEXT"


def to_json(report: ServiceReport) -> dict[str, Any]:
    """Return the state of a service as JSON."""
    service, release, progress = report.service, report.release, report.progress
    found: dict[str, Any] = {
        "service": service.name,
        "position": service.position if service.has_two_tracks else None,
        "images": dict(service.images),
        "unattended": report.is_unattended,
        "alarms": dict(report.alarms),
        "healthy": {track: up for track, (up, _total) in report.healthy.items()},
        "release": None,
    }
    if release is not None:
        execution = report.returning or release
        found["release"] = {
            "execution": release.arn,
            "return": report.returning.arn if report.returning else None,
            "input": dict(release.input),
            "started": release.started.isoformat(),
            "phase": progress.phase if progress else None,
            "steps": [_step_json(step, report.metrics) for step in progress.steps]
            if progress
            else release.steps,
            "outcome": None if progress else outcome_of(execution).text,
            "exit_code": None if progress else int(outcome_of(execution).exit_code),
        }
    return found


def _step_json(step: StepProgress, metrics: Mapping[str, TrackMetrics | None]) -> dict[str, Any]:
    measured = metrics.get(step.position)
    return {
        "position": step.position,
        "state": step.state,
        "requests": measured.requests if measured else None,
    }


def history_lines(executions: Sequence[tuple[Execution, Execution]]) -> list[str]:
    """Return a line for each release.

    Args:
        executions: each release, with its return where it has one and else with itself.
    """
    if not executions:
        return ["No release in the last 90 days, which is how long AWS keeps them."]
    lines = [f"{'started (UTC)':18}{'service':10}{'image':14}{'share':7}outcome"]
    for release, end in executions:
        service = str(release.input.get("service", ""))
        image = short_image(str(release.input.get("image", "")))
        version = image.rpartition(":")[2]
        share = highest_share(end if end.steps else release)
        outcome = "runs" if release.is_running else outcome_of(end).text
        lines.append(
            f"{_time(release.started):18}{service:10}{version:14.13}"
            f"{'-' if share is None else f'{share} %':7}{outcome}"
        )
    return [_cut(line) for line in lines]


def _time(time: dt.datetime | None) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M") if time else "-"


def _duration(elapsed: dt.timedelta) -> str:
    seconds = max(0, int(elapsed.total_seconds()))
    return f"{seconds // 60}:{seconds % 60:02}"


def wrapped(text: str, indent: int = 2) -> str:
    """Return a message in lines of at most 80 columns; all but the first are indented."""
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
