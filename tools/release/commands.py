"""The commands start, status, rollback and history."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Sequence

from settings import StageSettings
from tools.release.deployed import DeployedService, other_track, shares, short_image
from tools.release.errors import ExitCode, ReleaseError
from tools.release.executions import FINISH, HOLD, Execution
from tools.release.following import POLL_SECONDS, ensure_return, follow
from tools.release.image import resolve_image
from tools.release.outcomes import can_return, needs_return, outcome_of
from tools.release.output import Output
from tools.release.reader import StageReader, now
from tools.release.report import ServiceReport, history_lines

_ACCEPTED_SECONDS = 60
"""How long `start` waits until the machine has checked the stage."""
ACCEPTED_POLL_SECONDS = 1.0
_BEFORE_PREPARE = ("", "Start", "Alone", "Survey")
_HISTORY_LENGTH = 50


class ReleaseCommands:
    """The commands for one stage."""

    def __init__(self, reader: StageReader, settings: StageSettings, output: Output) -> None:
        self._reader = reader
        self._machine = reader.machine
        self._settings = settings
        self._output = output

    # start -------------------------------------------------------------------------------

    def start(self, name: str, image: str, strategy: str | None, *, follows: bool) -> ExitCode:
        """Release an image, and wait until the machine has accepted it, or until its end.

        Raises:
            ReleaseError: an argument is not allowed, or the release cannot begin.
        """
        stage = self._reader.stage()
        service = stage.services[name]
        strategy = self._strategy(service, strategy)
        resolved, warning = resolve_image(image, requires_digest=self._settings.deletion_protection)
        stage.require_complete()
        self._require_alone()
        if warning:
            print(f"warning: {warning}", file=sys.stderr)
        release = self._start(service, resolved, strategy)
        self._announce(release)
        if follows:
            return self._follow(name, release)
        return self._wait_until_accepted(name, release)

    def _strategy(self, service: DeployedService, strategy: str | None) -> str:
        allowed = service.strategies
        if strategy is None:
            delivery = self._settings.services.by_name()[service.name].delivery
            return delivery.strategy if delivery.strategy in allowed else allowed[0]
        if strategy not in allowed:
            raise ReleaseError(
                f"--strategy: found {strategy}; allowed for {service.name} as it is deployed: "
                f"{', '.join(allowed)}. services.{service.name}.delivery.strategy in "
                f"settings/{self._settings.stage}.yaml and a deployment change it"
            )
        return strategy

    def _require_alone(self) -> None:
        for running in self._machine.running():
            if "return" in running.input or self._machine.phase(running) != HOLD:
                raise ReleaseError(
                    f"{running.name} runs; allowed: one release of a stage at a time. Observe it "
                    f"with: python3 dev.py release status {self._settings.stage} --follow",
                    ExitCode.REFUSED,
                )

    def _start(self, service: DeployedService, image: str, strategy: str, **more: str) -> Execution:
        running = service.running_track
        if running is None:
            raise ReleaseError(
                f"{service.name} stands at {service.position}; allowed: a position at which one "
                f"track runs alone. {self._rollback_text(service.name)}",
                ExitCode.REFUSED,
            )
        release = now().strftime("%Y%m%d-%H%M%S")
        values = {
            "service": service.name,
            "image": image,
            "release": release,
            "strategy": strategy,
            "from": running,
            "previous": service.images[running],
        }
        return self._machine.start(values | more, f"{service.name}-{release}")

    def _announce(self, release: Execution) -> None:
        image = short_image(str(release.input["image"]))
        text = f"{release.name}: {release.input['strategy']} release of {image}"
        self._output.message(text)

    def _rollback_text(self, name: str) -> str:
        stage = self._settings.stage
        return (
            "Wait for the end of its release, or return with: python3 dev.py release rollback "
            f"{name} {stage} --because TEXT"
        )

    def _wait_until_accepted(self, name: str, release: Execution) -> ExitCode:
        give_up = time.monotonic() + _ACCEPTED_SECONDS
        while release.is_running and time.monotonic() < give_up:
            if self._machine.phase(release) not in _BEFORE_PREPARE:
                break
            time.sleep(ACCEPTED_POLL_SECONDS)
            release = self._machine.describe(release.arn)
        if not release.is_running:
            return self._output.end(release)
        if self._output.as_json:
            self._output.report([self._reader.report(name)])
        else:
            stage = self._settings.stage
            self._output.message(
                f"It continues without this command. Observe it with:\n"
                f"  python3 dev.py release status {stage} {name} --follow"
            )
        return ExitCode.RELEASED

    # status ------------------------------------------------------------------------------

    def status(self, names: Sequence[str], *, follows: bool) -> ExitCode:
        """Write the state of services; with `follows`, until no release of them runs."""
        for poll in itertools.count():
            reports = [self._reader.report(name) for name in names]
            self._output.report(reports)
            running = [report for report in reports if report.progress]
            if not follows or not running:
                return self._status_code(reports, was_running=poll > 0)
            time.sleep(POLL_SECONDS)
        raise AssertionError("the loop has no end")

    def _status_code(self, reports: Sequence[ServiceReport], *, was_running: bool) -> ExitCode:
        if any(report.is_unattended for report in reports):
            return ExitCode.PERSON_NEEDED
        ends = [report.returning or report.release for report in reports if was_running]
        return max((outcome_of(end).exit_code for end in ends if end), default=ExitCode.RELEASED)

    # rollback ----------------------------------------------------------------------------

    def rollback(self, name: str, because: str) -> ExitCode:
        """Return the traffic to the old image, and wait until it is there.

        Raises:
            ReleaseError: there is nothing to return to.
        """
        release = next(self._machine.releases(name), None)
        if release is not None and release.is_running:
            if self._machine.phase(release) == FINISH:
                raise ReleaseError(
                    f"{release.name} removes the old track at this moment. Run the same command "
                    "again after its end: it then releases the old image",
                    ExitCode.REFUSED,
                )
            self._machine.stop(release, because)
            self._output.message(f"{release.name}: stopped; its traffic returns to the old image")
            return self._follow(name, ensure_return(self._machine, release))
        service = self._reader.stage().services[name]
        if service.running_track is None:
            return self._return_again(service, release)
        return self._release_previous(service, because)

    def _return_again(self, service: DeployedService, release: Execution | None) -> ExitCode:
        """Return the newest release of a service whose position no execution moves.

        A former return may have ended without success, for example while the stack was stuck.
        """
        if release is None or not can_return(release):
            raise ReleaseError(self._removal_text(service), ExitCode.PERSON_NEEDED)
        returning = self._machine.find_return(release)
        if returning is None or not returning.is_running:
            returning = self._machine.start({"return": release.arn})
        self._output.message(f"{release.name}: its traffic returns to the old image")
        return self._follow(service.name, returning)

    def _removal_text(self, service: DeployedService) -> str:
        stack = self._settings.resource_name("workloads")
        track = max(shares(service.position).items(), key=lambda item: item[1])[0]
        return (
            f"{service.name} stands at {service.position}, and no release can be returned. If "
            f"{track} is healthy, let it run alone: python3 dev.py cdk deploy "
            f"{self._settings.stage}/workloads --exclusively --parameters "
            f"{stack}:{service.name.capitalize()}Traffic={track}"
        )

    def _release_previous(self, service: DeployedService, because: str) -> ExitCode:
        image = self._previous_image(service)
        running = service.running_track or ""
        if image is None or image == service.images[running]:
            raise ReleaseError(
                f"no image precedes {service.images[running]} of {service.name}; release the image "
                f"that you want with: python3 dev.py release start {service.name} "
                f"{self._settings.stage} --image IMAGE",
                ExitCode.REFUSED,
            )
        self._require_alone()
        strategy = service.strategies[0]
        release = self._start(service, image, strategy, because=because)
        self._announce(release)
        return self._follow(service.name, release)

    def _previous_image(self, service: DeployedService) -> str | None:
        """Return the image that ran before the running one; None if it is unknown."""
        if service.running_track and service.has_two_tracks:
            return service.images[other_track(service.running_track)]
        for release in self._machine.releases(service.name):
            if release.output.get("outcome") == "Released":
                return str(release.input["previous"])
        return None

    def _follow(self, name: str, execution: Execution) -> ExitCode:
        def write() -> None:
            self._output.report([self._reader.report(name)])

        return self._output.end(follow(self._machine, execution, write))

    # history -----------------------------------------------------------------------------

    def history(self, names: Sequence[str]) -> ExitCode:
        """Write a line for each release of the last 90 days, the newest first."""
        releases: list[tuple[Execution, Execution]] = []
        for name in names:
            for release in itertools.islice(self._machine.releases(name), _HISTORY_LENGTH):
                end = self._machine.find_return(release) if needs_return(release) else None
                releases.append((release, end or release))
        releases.sort(key=lambda pair: pair[0].started, reverse=True)
        for line in history_lines(releases[:_HISTORY_LENGTH]):
            self._output.message(line)
        return ExitCode.RELEASED
