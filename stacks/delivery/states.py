"""The states of a state machine in the Amazon States Language, with JSONata, as plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

State = dict[str, Any]
States = dict[str, State]

_TASK_SECONDS = 30
_ALL_ERRORS = ["States.ALL"]
_READ_RETRY = {
    "ErrorEquals": _ALL_ERRORS,
    "IntervalSeconds": 4,
    "BackoffRate": 2,
    "MaxAttempts": 5,
}
"""Five retries within two minutes. Step Functions has no name for the throttling of services that
do not model it (CloudFormation, Elastic Load Balancing), so a retry cannot be limited to it."""
_WRITE_RETRY = {
    "ErrorEquals": ["CloudFormation.SdkClientException", "States.Timeout"],
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 5,
}
"""An update is retried when no response came. Its token keeps a second one from being made."""


def jsonata(expression: str) -> str:
    """Return an expression as the value of a field."""
    return f"{{% {expression} %}}"


def read(
    service_action: str,
    arguments: Mapping[str, Any],
    assign: Mapping[str, Any],
    *,
    following: str,
    on_error: State,
) -> State:
    """Return a task that calls an API without changing anything, with retries.

    Args:
        service_action: the service and the action in the SDK, such as `cloudwatch:describeAlarms`.
        arguments: the arguments of the call.
        assign: the variables that the result sets.
        following: the next state.
        on_error: the catcher, as `catch` returns it.
    """
    return _task(service_action, arguments, assign, following, on_error, _READ_RETRY)


def write(
    service_action: str,
    arguments: Mapping[str, Any],
    *,
    following: str,
    on_error: State,
    assign: Mapping[str, Any] | None = None,
) -> State:
    """Return a task that changes something. The arguments are those of `read`."""
    is_update = service_action == "cloudformation:updateStack"
    retry = _WRITE_RETRY if is_update else _READ_RETRY
    return _task(service_action, arguments, assign or {}, following, on_error, retry)


def _task(
    service_action: str,
    arguments: Mapping[str, Any],
    assign: Mapping[str, Any],
    following: str,
    on_error: State,
    retry: Mapping[str, Any],
) -> State:
    return _without_empty(
        {
            "Type": "Task",
            "Resource": f"arn:aws:states:::aws-sdk:{service_action}",
            "Arguments": dict(arguments),
            "Assign": dict(assign),
            # The next states read variables, not the results of calls.
            "Output": {},
            "TimeoutSeconds": _TASK_SECONDS,
            "Retry": [dict(retry)],
            "Catch": [on_error],
            "Next": following,
        }
    )


def request(
    endpoint: str,
    connection_arn: str,
    assign: Mapping[str, Any],
    *,
    following: str,
    on_error: State,
) -> State:
    """Return a task that requests a page. A status other than 2xx is an error.

    The task is not repeated: a page that fails once is a finding.
    """
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Arguments": {
            "ApiEndpoint": endpoint,
            "Method": "GET",
            "Authentication": {"ConnectionArn": connection_arn},
        },
        "Assign": dict(assign),
        "Output": {},
        "TimeoutSeconds": _TASK_SECONDS,
        "Retry": [{"ErrorEquals": ["States.Http.Socket"], "IntervalSeconds": 2, "MaxAttempts": 2}],
        "Catch": [on_error],
        "Next": following,
    }


def catch(following: str, **assign: str) -> State:
    """Return the catcher of all errors. `$states.errorOutput` has the error and its cause."""
    return _without_empty(
        {"ErrorEquals": _ALL_ERRORS, "Assign": assign, "Output": {}, "Next": following}
    )


def wait(seconds: int, following: str, **assign: Any) -> State:  # noqa: ANN401 - any JSON
    """Return a state that waits."""
    return _without_empty({"Type": "Wait", "Seconds": seconds, "Assign": assign, "Next": following})


def assignment(following: str, **assign: Any) -> State:  # noqa: ANN401 - any JSON
    """Return a state that sets variables."""
    return {"Type": "Pass", "Assign": assign, "Next": following}


def when(condition: str, following: str, **assign: Any) -> State:  # noqa: ANN401 - any JSON
    """Return a rule of `choose`: where to go on a condition, and the variables that this sets."""
    return _without_empty({"Condition": jsonata(condition), "Assign": assign, "Next": following})


def choose(rules: Sequence[State], otherwise: str, **assign: Any) -> State:  # noqa: ANN401
    """Return a state that goes on at the first rule whose condition is true."""
    return _without_empty(
        {"Type": "Choice", "Choices": list(rules), "Assign": assign, "Default": otherwise}
    )


def fail(error: str, cause: str) -> State:
    """Return a state that ends the execution with an error."""
    return {"Type": "Fail", "Error": error, "Cause": cause}


def _without_empty(state: State) -> State:
    """Return a state without an empty Assign, which the service does not need."""
    return {key: value for key, value in state.items() if key != "Assign" or value}
