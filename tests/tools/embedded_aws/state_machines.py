"""Runs state machines on the embedded AWS."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/machine"
FINAL_SECONDS = 20.0


def task(resource: str, arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a Task that is the last state."""
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True} | fields


def start(sfn: Any, states: dict[str, Any], **fields: Any) -> str:
    """Start a machine that begins with the first state; return the ARN of the execution."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    machine = sfn.create_state_machine(
        name=f"m-{uuid.uuid4()}", roleArn=ROLE, definition=json.dumps(definition | fields)
    )
    return str(sfn.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"])


def wait(sfn: Any, execution: str) -> dict[str, Any]:
    """Return the execution when it has ended."""
    give_up = time.monotonic() + FINAL_SECONDS
    while (found := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < give_up, "the execution does not end"
        time.sleep(0.02)
    return dict(found)


def run(sfn: Any, states: dict[str, Any], **fields: Any) -> Any:
    """Run a machine, and return the output of an execution that succeeds."""
    ended = wait(sfn, start(sfn, states, **fields))
    assert ended["status"] == "SUCCEEDED", ended
    return json.loads(ended["output"])


def run_failing(sfn: Any, states: dict[str, Any], **fields: Any) -> tuple[str, str]:
    """Run a machine, and return the error and the cause of an execution that fails."""
    ended = wait(sfn, start(sfn, states, **fields))
    assert ended["status"] == "FAILED", ended
    return str(ended["error"]), str(ended["cause"])
