"""The statuses of executions, and the events that report them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.tools.embedded_aws.state_machines import ROLE, start, task, wait

HOLD = {"Hold": {"Type": "Wait", "Seconds": 60, "End": True}}


@pytest.fixture
def sfn(aws: Callable[[str], Any]) -> Any:
    return aws("stepfunctions")


def test_a_stopped_execution_stays_aborted_when_its_task_fails_afterwards(sfn: Any) -> None:
    slow = task("arn:aws:states:::aws-sdk:cloudformation:describeStacks", {"StackName": "none"})
    slow["Retry"] = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    execution = start(sfn, {"Slow": slow})
    time.sleep(0.6)

    sfn.stop_execution(executionArn=execution)
    time.sleep(1.2)

    assert sfn.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_an_execution_times_out_after_the_seconds_of_its_machine(sfn: Any) -> None:
    ended = wait(sfn, start(sfn, HOLD, TimeoutSeconds=1))

    assert ended["status"] == "TIMED_OUT"
    events = sfn.get_execution_history(executionArn=ended["executionArn"], reverseOrder=True)
    assert events["events"][0]["type"] == "ExecutionTimedOut"


def test_a_rule_starts_a_machine_when_an_execution_was_killed(
    aws: Callable[[str], Any], sfn: Any
) -> None:
    answer = {"Answer": {"Type": "Pass", "End": True}}
    definition = {"QueryLanguage": "JSONata", "StartAt": "Answer", "States": answer}
    returning = sfn.create_state_machine(
        name="returning", roleArn=ROLE, definition=json.dumps(definition)
    )["stateMachineArn"]
    execution = start(sfn, HOLD)
    pattern = {
        "source": ["aws.states"],
        "detail": {"status": ["ABORTED"], "executionArn": [execution]},
    }
    events = aws("events")
    events.put_rule(Name="killed", EventPattern=json.dumps(pattern))
    transformer = {
        "InputPathsMap": {"arn": "$.detail.executionArn"},
        "InputTemplate": '{"return": <arn>}',
    }
    target = {"Id": "1", "Arn": returning, "RoleArn": ROLE, "InputTransformer": transformer}
    events.put_targets(Rule="killed", Targets=[target])

    sfn.stop_execution(executionArn=execution)

    [started] = sfn.list_executions(stateMachineArn=returning)["executions"]
    ended = wait(sfn, started["executionArn"])
    assert json.loads(ended["output"]) == {"return": execution}
