"""Runs the state machines of a template, with the responses of a test in place of the AWS APIs."""

import json
from collections.abc import Callable
from typing import Any

from jsonata import Jsonata  # type: ignore[import-untyped]

from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

State = dict[str, Any]
Response = Callable[[dict[str, Any]], Any]
"""Takes the arguments of an API call, and returns its result."""


class FailedError(Exception):
    """The execution has reached a Fail state. The text is the cause."""

    def __init__(self, cause: str, error: str = "") -> None:
        super().__init__(cause)
        self.error = error


class CallError(Exception):
    """An API call fails, with the name and the cause of the error."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.output = {"Error": error, "Cause": cause}


def definition(stage: SynthesizedStage, stack: str, name: str) -> State:
    """Return the definition of a state machine by its name; references read `${...}`."""
    states: State = json.loads(as_text(_properties(stage, stack, name)["DefinitionString"]))
    return states


def policy_statements(stage: SynthesizedStage, stack: str, name: str) -> list[dict[str, Any]]:
    """Return the policy statements of a state machine's role."""
    role = _properties(stage, stack, name)["RoleArn"]["Fn::GetAtt"][0]
    return [
        statement
        for policy in stage.resources(stack, "AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def allowed_actions(stage: SynthesizedStage, stack: str, name: str) -> set[str]:
    """Return the actions that a state machine's role allows, in lower case.

    IAM compares actions without regard to case, and the SDK writes them in another case.
    """
    return {
        action.lower()
        for statement in policy_statements(stage, stack, name)
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }


def all_states(machine: State) -> dict[str, State]:
    """Return every state by name, including the states inside Map states."""
    states: dict[str, State] = {}
    for name, state in machine["States"].items():
        states[name] = state
        if "ItemProcessor" in state:
            states |= all_states(state["ItemProcessor"])
    return states


def reachable_states(machine: State) -> set[str]:
    """Return the names of the states that an execution can reach."""
    reached: set[str] = set()
    pending = [machine["StartAt"]]
    while pending:
        name = pending.pop()
        if name in reached:
            continue
        reached.add(name)
        state = machine["States"][name]
        following = [state.get("Next"), state.get("Default")]
        following += [choice["Next"] for choice in state.get("Choices", [])]
        following += [catch["Next"] for catch in state.get("Catch", [])]
        pending += [next_name for next_name in following if next_name]
        if "ItemProcessor" in state:
            reached |= reachable_states(state["ItemProcessor"])
    return reached


def called_actions(machine: State) -> set[str]:
    """Return the API actions that the states call, as `service:action` of the SDK."""
    return {
        state["Resource"].partition(":aws-sdk:")[2]
        for state in all_states(machine).values()
        if state["Type"] == "Task"
    }


def _properties(stage: SynthesizedStage, stack: str, name: str) -> dict[str, Any]:
    full_name = stage.settings.resource_name(name)
    properties: dict[str, Any]
    (properties,) = (
        machine["Properties"]
        for machine in stage.resources(stack, "AWS::StepFunctions::StateMachine").values()
        if machine["Properties"]["StateMachineName"] == full_name
    )
    return properties


class Execution:
    """An execution. `calls` lists its API calls as (service:action, arguments)."""

    def __init__(self, responses: dict[str, Response], *, started: str) -> None:
        """Prepare an execution.

        Args:
            responses: The responses of the APIs, by `service:action`.
            started: The start time, which the context object has.
        """
        self._responses = responses
        self._context: dict[str, Any] = {
            "Execution": {"StartTime": started, "Id": "execution", "Name": "name"},
            "StateMachine": {"Id": "machine"},
            "State": {"EnteredTime": started},
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.entered: list[str] = []
        """The names of the states, in the order in which the execution entered them."""

    def run(
        self, machine: State, state_input: Any = None, variables: dict[str, Any] | None = None
    ) -> Any:
        """Run from the first state to an end, and return the output."""
        variables = dict(variables or {})
        name, value = machine["StartAt"], state_input
        while True:
            state = machine["States"][name]
            self.entered.append(name)
            try:
                result = self._result(state, value, variables)
            except CallError as error:
                (catcher,) = state["Catch"]
                states = {"input": value, "errorOutput": error.output, "context": self._context}
                assigned = _evaluate(catcher.get("Assign", {}), states, variables)
                value = _evaluate(catcher.get("Output", error.output), states, variables)
                variables |= assigned
                name = catcher["Next"]
                continue
            states = {"input": value, "result": result, "context": self._context}
            output = state.get("Output", value if result is None else result)
            next_name, assign = self._next_state(state, states, variables)
            assigned = _evaluate(assign, states, variables)
            value = _evaluate(output, states, variables)
            variables |= assigned
            if next_name is None:
                return value
            name = next_name

    def _result(self, state: State, value: Any, variables: dict[str, Any]) -> Any:
        states = {"input": value, "context": self._context}
        if state["Type"] == "Task":
            action = state["Resource"].partition(":states:::")[2].removeprefix("aws-sdk:")
            arguments = _evaluate(state.get("Arguments", {}), states, variables)
            self.calls.append((action, arguments))
            return self._responses[action](arguments)
        if state["Type"] == "Map":
            items = _evaluate(state["Items"], states, variables)
            return [self.run(state["ItemProcessor"], item, variables) for item in items]
        if state["Type"] == "Fail":
            raise FailedError(_evaluate(state["Cause"], states, variables), state.get("Error", ""))
        return None

    @staticmethod
    def _next_state(
        state: State, states: Any, variables: dict[str, Any]
    ) -> tuple[str | None, dict[str, Any]]:
        """Return the name of the next state, and the variables to assign on the way."""
        for choice in state.get("Choices", []):
            is_met = _evaluate(choice["Condition"], states, variables)
            assert isinstance(is_met, bool), choice
            if is_met:
                return str(choice["Next"]), choice.get("Assign", {})
        next_name = state.get("Next", state.get("Default"))
        return None if next_name is None else str(next_name), state.get("Assign", {})


def _evaluate(value: Any, states: dict[str, Any], variables: dict[str, Any]) -> Any:
    """Evaluate each `{% ... %}` in a value. An undefined result is an error, as in Step Functions.

    Args:
        value: A string, or a nested list or dictionary.
        states: The reserved variable `$states`.
        variables: The variables of the execution.
    """
    if isinstance(value, dict):
        return {key: _evaluate(item, states, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluate(item, states, variables) for item in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = Jsonata(value.removeprefix("{%").removesuffix("%}").strip())
    # Step Functions adds this function to JSONata.
    expression.register_lambda("parse", json.loads)
    frame = expression.create_frame()
    for name, item in {"states": states, **variables}.items():
        frame.bind(name, item)
    result = expression.evaluate(None, frame)
    assert result is not None, f"undefined: {value}"
    return result
