"""A stage on the embedded AWS whose machine is a stub with the states of the release machine."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

import pytest

from tests.tools.embedded_aws.conftest import REGION, RunningServer, client_of
from tests.tools.embedded_aws.load_balancers import load_balancer, rule, to_group
from tests.tools.embedded_aws.state_machines import ROLE
from tools.operations.preflight import http
from tools.release import commands, following
from tools.release.__main__ import main

STAGE = "staging"
WORKLOADS = f"spywatcher-{STAGE}-workloads"
BLUE = "ghcr.io/owner/backend@sha256:" + "b" * 64
GREEN = "ghcr.io/owner/backend@sha256:" + "a" * 64
NEW = "ghcr.io/owner/backend@sha256:" + "c" * 64
FRONTEND = "ghcr.io/owner/frontend@sha256:" + "f" * 64
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        name: {"Type": "String", "Default": value}
        for name, value in {
            "BackendImage": BLUE,
            "BackendGreenImage": GREEN,
            "BackendTraffic": "blue",
            "FrontendImage": FRONTEND,
        }.items()
    },
    "Resources": load_balancer(("Main", rule(10, to_group("Blue")))),
    "Outputs": {
        "BackendRule": {"Value": {"Ref": "Main"}},
        "BackendBlueTargets": {"Value": {"Ref": "Blue"}},
        "BackendGreenTargets": {"Value": {"Ref": "Green"}},
        "FrontendRule": {"Value": {"Ref": "Main"}},
        "FrontendBlueTargets": {"Value": {"Ref": "Blue"}},
    },
}
RELEASED = "{% {'outcome': 'Released', 'image': $states.context.Execution.Input.image} %}"


HELD_SECONDS = 600
"""The wait of a state in which an execution stays until the end of its test."""


def pass_to(following: str) -> dict[str, Any]:
    """Return a state that is followed by another one at once."""
    return {"Type": "Pass", "Next": following}


def wait_then(seconds: int, following: str) -> dict[str, Any]:
    """Return a state that waits."""
    return {"Type": "Wait", "Seconds": seconds, "Next": following}


def fail_with(error: str, **cause: object) -> dict[str, Any]:
    """Return a state that ends the execution as the machine does: the cause is JSON."""
    return {"Type": "Fail", "Error": error, "Cause": json.dumps(cause)}


PASSING: dict[str, Any] = {
    "Alone": pass_to("Survey"),
    "Survey": pass_to("Prepare"),
    "Prepare": pass_to("Move"),
    "Move": pass_to("Bake"),
    "Bake": wait_then(1, "Done"),
    "Done": {"Type": "Pass", "Output": RELEASED, "End": True},
}


class StubStage:
    """A deployed stage, whose machine a test defines."""

    def __init__(self, endpoint: str) -> None:
        self.cloudformation = client_of(endpoint, "cloudformation")
        self.sfn = client_of(endpoint, "stepfunctions")

    def deploy(self, **parameters: str) -> None:
        """Create or update the workloads stack with values of its parameters."""
        values = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
        arguments = {"StackName": WORKLOADS, "TemplateBody": json.dumps(TEMPLATE)}
        try:
            self.cloudformation.create_stack(**arguments, Parameters=values)
        except self.cloudformation.exceptions.AlreadyExistsException:
            self.cloudformation.update_stack(**arguments, Parameters=values)

    def define(self, states: dict[str, Any], returning: dict[str, Any] | None = None) -> None:
        """Create the machine: its states, and those of a return."""
        returning = returning or {"Returned": fail_with("Returned", reason="the alarm x is on")}
        choice = {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $exists($states.input.return) %}",
                    "Next": next(iter(returning)),
                }
            ],
            "Default": next(iter(states)),
        }
        definition = {
            "QueryLanguage": "JSONata",
            "StartAt": "Start",
            "States": {"Start": choice} | states | returning,
        }
        self.sfn.create_state_machine(
            name=f"spywatcher-{STAGE}-release", roleArn=ROLE, definition=json.dumps(definition)
        )

    def executions(self) -> list[dict[str, Any]]:
        """Return the executions, the newest first, with their input."""
        arn = f"arn:aws:states:{REGION}:000000000000:stateMachine:spywatcher-{STAGE}-release"
        listed = self.sfn.list_executions(stateMachineArn=arn)["executions"]
        return [self.sfn.describe_execution(executionArn=entry["executionArn"]) for entry in listed]

    def inputs(self) -> list[dict[str, Any]]:
        """Return the inputs of the executions, the newest first."""
        return [json.loads(execution["input"]) for execution in self.executions()]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of an embedded AWS whose state machines wait a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFN_WAIT_SCALE", "0.1")
        running = RunningServer(tmp_path_factory.mktemp("release"), "--control-plane-only")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()


@pytest.fixture
def endpoint(server: str) -> str:
    """The endpoint of an empty embedded AWS, since the names of a stage are fixed."""
    reset = urllib.request.Request(f"{server}/_ministack/reset", method="POST")  # noqa: S310
    urllib.request.urlopen(reset).close()  # noqa: S310 - 127.0.0.1
    return server


@pytest.fixture
def stage(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> StubStage:
    """A stage whose backend runs on blue, and credentials for its embedded AWS."""
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for module in (following, commands):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(commands, "ACCEPTED_POLL_SECONDS", 0.05)
    monkeypatch.setattr(following, "RULE_POLL_SECONDS", 0.05)
    monkeypatch.setattr(following, "RULE_SECONDS", 0.5)
    return StubStage(endpoint)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """A function that runs `dev.py release`, and returns its exit code and its output."""

    def run_command(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        written = capsys.readouterr()
        return code, written.out + written.err

    return run_command


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, http.Response]:
    """The responses of registries by URL; others are not found."""
    responses: dict[str, http.Response] = {}

    def get(url: str, _headers: object = None) -> http.Response:
        return responses.get(url, http.Response(200, Message(), b"{}"))

    monkeypatch.setattr(http, "get", get)
    return responses
