"""An embedded AWS for the session, and a class that deploys stacks to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).parents[3]
REGION = "us-east-1"
START_SECONDS = 20.0
STOP_SECONDS = 3.0


class RunningServer:
    """The embedded AWS as a process of its own."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.ready_file = folder / "ready.json"
        command = [sys.executable, "-m", "tools.embedded_aws.server"]
        command += ["--port", str(port), "--ready-file", str(self.ready_file), *options]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.process = subprocess.Popen(  # noqa: S603 - this interpreter
            command,
            cwd=ROOT,
            env=environment | {"TMPDIR": str(folder)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_until_ready(self) -> str:
        """Return the endpoint as soon as it serves; fail with its error output if it ends."""
        give_up = time.monotonic() + START_SECONDS
        while not self.ready_file.exists():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > give_up:
                self.process.kill()
                pytest.fail(f"the server did not start: {self.error_output()}")
            time.sleep(0.01)
        return str(json.loads(self.ready_file.read_text())["endpoint"])

    def error_output(self) -> str:
        """Return what it has written to stderr, after it has ended."""
        return self.process.communicate()[1]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code; kill the server if it does not end."""
        self.process.send_signal(with_signal)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail("the server did not stop")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The embedded AWS of the session. It has no servers, which most tests do not need."""
    running = RunningServer(tmp_path_factory.mktemp("embedded-aws"), "--control-plane-only")
    try:
        running.wait_until_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def endpoint(server: RunningServer) -> str:
    """The endpoint of the embedded AWS."""
    return server.wait_until_ready()


@pytest.fixture(scope="session")
def aws(endpoint: str) -> Callable[[str], Any]:
    """A function that returns the client of a service."""
    return lambda service: client_of(endpoint, service)


def client_of(endpoint: str, service: str) -> Any:
    """Return the client of a service of an embedded AWS."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - not a secret
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="session")
def local_api(endpoint: str) -> Callable[[str], str]:
    """A function that returns the response to a path under /_local/."""

    def get(path: str) -> str:
        with urllib.request.urlopen(f"{endpoint}/_local/{path}") as response:  # noqa: S310
            return str(response.read().decode())

    return get


def put_local(endpoint: str, path: str, value: object) -> None:
    """Replace a value under /_local/ of an embedded AWS."""
    url, body = f"{endpoint}/_local/{path}", json.dumps(value).encode()
    request = urllib.request.Request(url, body, method="PUT")  # noqa: S310 - 127.0.0.1
    urllib.request.urlopen(request).close()  # noqa: S310


@dataclass
class Stack:
    """The stack of a test."""

    name: str
    cloudformation: Any

    def deploy(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
        """Create or update the stack from its resources; return the final status."""
        template = {"Resources": resources}
        if outputs:
            template["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
        return self.deploy_template(template)

    def deploy_template(self, template: dict[str, Any]) -> str:
        """Create or update the stack from a template; return the final status."""
        exists = self.status() is not None
        action = self.cloudformation.update_stack if exists else self.cloudformation.create_stack
        action(StackName=self.name, TemplateBody=json.dumps(template), Capabilities=_CAPABILITIES)
        return str(self.status())

    def status(self) -> str | None:
        """Return the stack's status; None if there is no stack."""
        try:
            found = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError:
            return None
        return str(found["StackStatus"])

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs by name."""
        found = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def physical_ids(self) -> dict[str, str]:
        """Return the physical ids by logical id."""
        found = self.cloudformation.list_stack_resources(StackName=self.name)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in found["StackResourceSummaries"]
        }

    def events(self) -> list[tuple[str, str, str]]:
        """Return logical id, status and reason of each event, the oldest first."""
        found = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
            for e in reversed(found)
        ]

    def failures(self) -> dict[str, str]:
        """Return the last reason of a failure by logical id."""
        return {
            logical_id: reason
            for logical_id, status, reason in self.events()
            if status.endswith("_FAILED") and logical_id != self.name
        }

    def delete(self) -> str:
        """Delete the stack; return the final status."""
        self.cloudformation.delete_stack(StackName=self.name)
        return str(self.status())


_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.fixture
def stack(aws: Callable[[str], Any], request: pytest.FixtureRequest) -> Iterator[Stack]:
    """An empty stack named after the test, deleted at its end."""
    name = "t-" + str(request.node.name).replace("_", "-")[:100].strip("-")
    stack = Stack("".join(c for c in name if c.isalnum() or c == "-"), aws("cloudformation"))
    yield stack
    stack.delete()
