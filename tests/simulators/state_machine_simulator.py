"""Runs a state machine of the templates, with answers of a test's in place of AWS's."""

import json
from collections.abc import Callable
from typing import Any

from jsonata import Jsonata  # type: ignore[import-untyped]

from tests.synthesis import SynthesizedStage, joined

State = dict[str, Any]
Answer = Callable[[dict[str, Any]], Any]
"""Takes a call's arguments and returns its result."""


class FailedError(Exception):
    """The machine came to a Fail state."""


def definition(stage: SynthesizedStage, stack: str, name: str) -> State:
    """Return the definition of the state machine of this name; references read `${...}`."""
    machines = stage.resources(stack, "AWS::StepFunctions::StateMachine").values()
    (found,) = (
        each["Properties"]
        for each in machines
        if each["Properties"]["StateMachineName"] == stage.settings.resource_name(name)
    )
    result: State = json.loads(joined(found["DefinitionString"]))
    return result


def policy(stage: SynthesizedStage, stack: str, name: str) -> list[dict[str, Any]]:
    """Return the statements of the machine's own role."""
    machines = stage.resources(stack, "AWS::StepFunctions::StateMachine").values()
    (role,) = (
        each["Properties"]["RoleArn"]["Fn::GetAtt"][0]
        for each in machines
        if each["Properties"]["StateMachineName"] == stage.settings.resource_name(name)
    )
    return [
        statement
        for each in stage.resources(stack, "AWS::IAM::Policy").values()
        if {"Ref": role} in each["Properties"]["Roles"]
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
    ]


def states(machine: State) -> dict[str, State]:
    """Return every state by name, those inside of maps too."""
    found: dict[str, State] = {}
    for name, state in machine["States"].items():
        found[name] = state
        if "ItemProcessor" in state:
            found |= states(state["ItemProcessor"])
    return found


def reachable(machine: State) -> set[str]:
    """Return the names of the states that an execution can come to."""
    seen: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        state = machine["States"][name]
        following = [state.get("Next"), state.get("Default")]
        following += [choice["Next"] for choice in state.get("Choices", [])]
        following += [catch["Next"] for catch in state.get("Catch", [])]
        waiting += [each for each in following if each]
        if "ItemProcessor" in state:
            seen |= reachable(state["ItemProcessor"])
    return seen


def actions(machine: State) -> set[str]:
    """Return what the machine calls, as `service:action` of the SDK."""
    return {
        state["Resource"].partition(":aws-sdk:")[2]
        for state in states(machine).values()
        if state["Type"] == "Task"
    }


class Execution:
    """An execution: `calls` holds (service:action, arguments) in their order."""

    def __init__(self, answers: dict[str, Answer], *, started: str) -> None:
        """Make an execution that asks `answers`, by `service:action`, and starts at a time."""
        self._answers = answers
        self._context = {"Execution": {"StartTime": started}}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def run(
        self, machine: State, given: Any = None, variables: dict[str, Any] | None = None
    ) -> Any:
        """Run from the first state to an end, and return the output."""
        variables = dict(variables or {})
        name, value = machine["StartAt"], given
        while True:
            state = machine["States"][name]
            result = self._result(state, value, variables)
            about = {"input": value, "result": result, "context": self._context}
            output = state.get("Output", value if result is None else result)
            following = self._following(state, about, variables)
            assigned = _evaluated(state.get("Assign", {}), about, variables)
            value = _evaluated(output, about, variables)
            variables |= assigned
            if following is None:
                return value
            name = following

    def _result(self, state: State, value: Any, variables: dict[str, Any]) -> Any:
        about = {"input": value, "context": self._context}
        if state["Type"] == "Task":
            action = state["Resource"].partition(":aws-sdk:")[2]
            arguments = _evaluated(state.get("Arguments", {}), about, variables)
            self.calls.append((action, arguments))
            return self._answers[action](arguments)
        if state["Type"] == "Map":
            items = _evaluated(state["Items"], about, variables)
            return [self.run(state["ItemProcessor"], item, variables) for item in items]
        if state["Type"] == "Fail":
            raise FailedError(_evaluated(state["Cause"], about, variables))
        return None

    @staticmethod
    def _following(state: State, about: Any, variables: dict[str, Any]) -> str | None:
        for choice in state.get("Choices", []):
            holds = _evaluated(choice["Condition"], about, variables)
            assert isinstance(holds, bool), choice
            if holds:
                return str(choice["Next"])
        following = state.get("Next", state.get("Default"))
        return None if following is None else str(following)


def _evaluated(value: Any, about: dict[str, Any], variables: dict[str, Any]) -> Any:
    """Return the value with each `{% ... %}` in it evaluated; undefined is an error, as on AWS."""
    if isinstance(value, dict):
        return {key: _evaluated(item, about, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluated(item, about, variables) for item in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = Jsonata(value.removeprefix("{%").removesuffix("%}").strip())
    bindings = expression.create_frame()
    for name, item in {"states": about, **variables}.items():
        bindings.bind(name, item)
    result = expression.evaluate(None, bindings)
    assert result is not None, f"undefined: {value}"
    return result
