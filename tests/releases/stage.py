"""A stage on the embedded AWS, with the real machine, on which tests release images."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

from settings import load_stage
from tests.test_end_to_end import STAGE, Copy
from tests.tools.embedded_aws.conftest import put_local
from tools.release.deployed import DeployedService, read_deployed_stage
from tools.release.executions import Execution, ReleaseMachine
from tools.release.outcomes import needs_return

WAIT_SCALE = "0.005"
"""A poll of 20 seconds takes 0.1 seconds, and the shortest bake 1.5 seconds."""
_HELD_SECONDS = 100_000
DELIVERY = {"strategy": "canary", "steps": [5, 25], "bake_minutes": [5, 5], "hold_minutes": 10}
SECONDS = 90.0
REPOSITORY = "ghcr.io/subculture-collective/spywatcher-backend"
WORKLOADS = f"spywatcher-{STAGE}-workloads"


def image(number: int) -> str:
    """Return the name of an image."""
    return f"{REPOSITORY}@sha256:{number:064x}"


@dataclass(frozen=True)
class Call:
    """A command of the CLI, and how it has ended."""

    exit_code: int
    text: str
    errors: str


class ReleaseStage:
    """The stage, and the commands and calls that tests make on it."""

    def __init__(self, folder: Path, run: Callable[[Sequence[str]], Call]) -> None:
        """Take a folder for a copy of the project, and a function that runs a release command."""
        self.copy = Copy(folder)
        self._run = run
        self._images = 1
        self._clients: dict[tuple[str, str], Any] = {}

    # Deployments -------------------------------------------------------------------------

    def deploy(self, *allowed: str) -> str:
        """Deploy the stage, or update it, with the CDK CLI.

        Args:
            allowed: logical ids of the workloads stack that the guard lets through.
        """
        options = ["--keep", "--control-plane-only"]
        for logical_id in allowed:
            options += ["--allow-replacement", f"{WORKLOADS}/{logical_id}"]
        return self.copy.run("deploy-local", STAGE, *options, SFN_WAIT_SCALE=WAIT_SCALE)

    def set_delivery(self, values: dict[str, Any] | None) -> None:
        """Change how the backend is released; None stands for rolling updates."""
        file = self.settings_folder / f"{STAGE}.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["services"]["backend"].pop("delivery", None)
        if values is not None:
            settings["services"]["backend"]["delivery"] = values
        file.write_text(yaml.safe_dump(settings))

    @property
    def settings_folder(self) -> Path:
        """The settings of the copy."""
        return self.copy.root / "settings"

    @property
    def endpoint(self) -> str:
        """The endpoint of the embedded AWS."""
        state = json.loads((self.copy.root / ".local" / "aws.json").read_text())
        return str(state["endpoint"])

    def client(self, service: str) -> Any:
        """Return the client of a service.

        Tests poll. A new client at each poll would read the service's model each time, which takes
        the time of the release itself.
        """
        key = service, self.endpoint
        if key not in self._clients:
            session = boto3.Session("test", "test", region_name="us-east-1")
            self._clients[key] = session.client(service, endpoint_url=self.endpoint)
        return self._clients[key]

    # Releases ----------------------------------------------------------------------------

    def release(self, *arguments: str) -> Call:
        """Run `python3 dev.py release`."""
        return self._run(arguments)

    def new_image(self) -> str:
        """Return an image that was not released yet."""
        self._images += 1
        return image(self._images)

    def start(self, name: str, strategy: str = "canary") -> Execution:
        """Start a release of the backend, and return it."""
        service = self.backend()
        running = service.running_track
        assert running, service
        self._images += 1
        identifier = f"20260101-{self._images:06}"
        values = {
            "service": "backend",
            "image": name,
            "release": identifier,
            "strategy": strategy,
            "from": running,
            "previous": service.images[running],
        }
        return self.machine().start(values, f"backend-{identifier}")

    def machine(self) -> ReleaseMachine:
        """Return the machine."""
        return ReleaseMachine(self.client("stepfunctions"), self._settings, "000000000000")

    @contextmanager
    def holding_at(self, state: str) -> Iterator[None]:
        """Let the releases that start in this context stay at the beginning of a state."""
        client, arn = self.client("stepfunctions"), self.machine().arn
        text = client.describe_state_machine(stateMachineArn=arn)["definition"]
        definition = json.loads(text)
        following = definition["States"][state].get("Next") or "Returned"
        wait = {"Type": "Wait", "Seconds": _HELD_SECONDS, "Next": following}
        definition["States"][state] = wait
        client.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
        try:
            yield
        finally:
            client.update_state_machine(stateMachineArn=arn, definition=text)

    def wait_for(self, release: Execution, *phases: str, share: int = 0) -> None:
        """Wait until a release is in one of the phases, and its new track has a share."""
        machine, give_up = self.machine(), time.monotonic() + SECONDS
        while machine.phase(release) not in phases or self.share(release) < share:
            assert machine.describe(release.arn).is_running, machine.describe(release.arn)
            assert time.monotonic() < give_up, f"not in {phases}: {machine.phase(release)}"

    def share(self, release: Execution) -> int:
        """Return the share of the traffic that the new track of a release receives."""
        position = self.backend().position
        blue = {"blue": 100, "green": 0}.get(position)
        blue = int(position.partition("-")[0]) if blue is None else blue
        return 100 - blue if release.input["from"] == "blue" else blue

    def kill(self, release: Execution) -> None:
        """Stop an execution as somebody without the CLI does."""
        self.client("stepfunctions").stop_execution(executionArn=release.arn, cause="the test")

    def wait_for_end(self, release: Execution) -> Execution:
        """Return a release, or its return where it has one, when both have ended."""
        machine, give_up = self.machine(), time.monotonic() + SECONDS
        end: Execution | None = release
        while end is None or end.is_running:
            assert time.monotonic() < give_up, "the release does not end"
            time.sleep(0.05)
            end = machine.describe(release.arn)
            if needs_return(end):
                end = machine.find_return(release)
        return end

    def wait_until_quiet(self) -> None:
        """Wait until no execution runs."""
        machine, give_up = self.machine(), time.monotonic() + SECONDS
        while machine.running():
            assert time.monotonic() < give_up, machine.running()
            time.sleep(0.1)

    # State -------------------------------------------------------------------------------

    @property
    def _settings(self) -> Any:
        return load_stage(STAGE, self.settings_folder)

    def backend(self) -> DeployedService:
        """Return what is deployed of the backend."""
        stage = read_deployed_stage(self.client("cloudformation"), self._settings)
        return stage.services["backend"]

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the workloads stack."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=WORKLOADS)["Stacks"]
        return {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}

    def set_faults(self, faults: dict[str, dict[str, Any]]) -> None:
        """Replace the faults of images."""
        put_local(self.endpoint, "image-faults", faults)

    def set_alarm(self, name: str, state: str) -> None:
        """Set the state of an alarm of the stage."""
        self.client("cloudwatch").set_alarm_state(
            AlarmName=f"spywatcher-{STAGE}-{name}", StateValue=state, StateReason="the test"
        )

    def events(self) -> list[dict[str, Any]]:
        """Return the events of the workloads stack, the oldest first."""
        pages = self.client("cloudformation").get_paginator("describe_stack_events")
        events = [e for p in pages.paginate(StackName=WORKLOADS) for e in p["StackEvents"]]
        return events[::-1]
