"""Simulates what the release machine calls: the workloads stack, its rule, targets and alarms."""

import json
from collections.abc import Callable
from typing import Any

from settings.delivery import other_track
from tests.simulators.state_machine_simulator import (
    CallError,
    Execution,
    FailedError,
    definition,
)
from tests.synthesis import SynthesizedStage

STARTED = "2026-11-25T10:15:00.000Z"
TARGETS = {track: f"arn:aws:elb:r:a:targetgroup/{track}/1" for track in ("blue", "green")}
RULE = "arn:aws:elb:r:a:listener-rule/app/alb/1/2/3"
ALL_TARGETS = {"blue": 3, "green": 3}


class SimulatedStage:
    """A stage whose workloads stack has two tracks of the backend, or one."""

    def __init__(self, stage: SynthesizedStage, **parameters: str) -> None:
        """Create the stage with the defaults of its template.

        Args:
            stage: the synthesized stage.
            parameters: the values of parameters that differ from their defaults.
        """
        template = stage.templates["workloads"]
        self.machine = definition(stage, "delivery", "release")
        self.parameters = {
            name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()
        } | parameters
        self.status = "UPDATE_COMPLETE"
        self.healthy = dict(ALL_TARGETS)
        self.alarming: set[str] = set()
        self.updates: list[dict[str, str]] = []
        """The parameters that each update changed."""
        self.withdrawals = 0
        self.messages: list[tuple[str, str]] = []
        """The topic and the text of each message."""
        self.hooks: dict[str, Callable[[dict[str, Any]], None]] = {}
        """Called before the response to an action."""
        self.executions: list[dict[str, Any]] = [
            {"ExecutionArn": "execution", "Name": "name", "StartDate": STARTED}
        ]
        self.phases: dict[str, str] = {}
        """The state of each other execution."""
        self.ended: dict[str, Any] = {}
        """The execution that a return describes."""
        self.live: dict[str, int] | None = None
        """The weights of the rule, if they are not those of the position."""
        self.execution = Execution(self._responses(), started=STARTED)

    def release(self, **changes: str) -> dict[str, Any]:
        """Release an image of the backend, and return the output of the execution."""
        release = {
            "service": "backend",
            "image": "ghcr.io/team/backend:2",
            "release": "2",
            "strategy": "canary",
            "from": "blue",
            "previous": self.parameters["BackendImage"],
        } | changes
        return self.run(release)

    def run(self, execution_input: dict[str, Any]) -> dict[str, Any]:
        """Run an execution, and return its output. A failed one returns its error and cause."""
        try:
            output: dict[str, Any] = self.execution.run(self.machine, execution_input)
        except FailedError as error:
            return {"error": error.error, **json.loads(str(error))}
        return output

    @property
    def position(self) -> str:
        return self.parameters["BackendTraffic"]

    @property
    def positions(self) -> list[str]:
        """The positions that the updates set."""
        return [u["BackendTraffic"] for u in self.updates if "BackendTraffic" in u]

    def _responses(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        responses = {
            "cloudformation:describeStacks": self._describe_stacks,
            "cloudformation:updateStack": self._update_stack,
            "elasticloadbalancingv2:describeRules": self._describe_rules,
            "elasticloadbalancingv2:modifyRule": self._modify_rule,
            "elasticloadbalancingv2:describeTargetHealth": self._describe_targets,
            "cloudwatch:describeAlarms": self._describe_alarms,
            "cloudwatch:getMetricData": lambda _: {"MetricDataResults": [{"Values": [100, 20]}]},
            "http:invoke": lambda _: {"StatusCode": 200},
            "sfn:listExecutions": lambda _: {"Executions": self.executions},
            "sfn:getExecutionHistory": self._read_history,
            "sfn:describeExecution": lambda _: self.ended,
            "sns:publish": self._publish,
        }
        return {action: self._with_hook(action, call) for action, call in responses.items()}

    def _with_hook(
        self, action: str, call: Callable[[dict[str, Any]], Any]
    ) -> Callable[[dict[str, Any]], Any]:
        def respond(arguments: dict[str, Any]) -> Any:
            if action in self.hooks:
                self.hooks[action](arguments)
            return call(arguments)

        return respond

    def _describe_stacks(self, _: dict[str, Any]) -> Any:
        outputs = {
            "BackendRule": RULE,
            "BackendBlueTargets": TARGETS["blue"],
            "BackendGreenTargets": TARGETS["green"],
        }
        return {
            "Stacks": [
                {
                    "StackStatus": self.status,
                    "Parameters": [
                        {"ParameterKey": key, "ParameterValue": value}
                        for key, value in self.parameters.items()
                    ],
                    "Outputs": [
                        {"OutputKey": key, "OutputValue": value} for key, value in outputs.items()
                    ],
                }
            ]
        }

    def _update_stack(self, arguments: dict[str, Any]) -> Any:
        assert {p["ParameterKey"] for p in arguments["Parameters"]} == set(self.parameters)
        changes = {
            p["ParameterKey"]: p["ParameterValue"]
            for p in arguments["Parameters"]
            if "UsePreviousValue" not in p
        }
        if changes.items() <= self.parameters.items():
            raise CallError("CloudFormationException", "No updates are to be performed.")
        self.updates.append(changes)
        self.parameters |= changes
        self.live = None
        return {}

    def _describe_rules(self, _: dict[str, Any]) -> Any:
        weights = self.live or self._weights()
        groups = [{"TargetGroupArn": TARGETS[t], "Weight": w} for t, w in weights.items()]
        return {"Rules": [{"Actions": [{"ForwardConfig": {"TargetGroups": groups}}]}]}

    def _weights(self) -> dict[str, int]:
        position = self.parameters.get("BackendTraffic", "blue")
        blue = {"blue": 100, "green": 0}.get(position)
        blue = int(position.partition("-")[0]) if blue is None else blue
        weights = {"blue": blue, "green": 100 - blue}
        return (
            {track: weight for track, weight in weights.items() if weight}
            if blue
            in (
                0,
                100,
            )
            else weights
        )

    def _modify_rule(self, arguments: dict[str, Any]) -> Any:
        self.withdrawals += 1
        (action,) = arguments["Actions"]
        self.live = {track: 1 for track, arn in TARGETS.items() if arn == action["TargetGroupArn"]}
        return {}

    def _describe_targets(self, arguments: dict[str, Any]) -> Any:
        (track,) = (t for t, arn in TARGETS.items() if arn == arguments["TargetGroupArn"])
        runs = self.parameters.get("BackendTraffic", "blue") != other_track(track)  # type: ignore[arg-type]
        targets = [{"TargetHealth": {"State": "healthy"}}] * (self.healthy[track] if runs else 0)
        return {"TargetHealthDescriptions": targets}

    def _describe_alarms(self, arguments: dict[str, Any]) -> Any:
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": "ALARM" if name in self.alarming else "OK"}
                for name in arguments["AlarmNames"]
            ]
        }

    def _read_history(self, arguments: dict[str, Any]) -> Any:
        state = self.phases[arguments["ExecutionArn"]]
        return {
            "Events": [
                {"Type": "TaskScheduled"},
                {"Type": "TaskStateEntered", "StateEnteredEventDetails": {"Name": state}},
                {"Type": "WaitStateEntered", "StateEnteredEventDetails": {"Name": "Alone"}},
            ]
        }

    def _publish(self, arguments: dict[str, Any]) -> Any:
        topic = "critical" if "Critical" in arguments["TopicArn"] else "warning"
        self.messages.append((topic, arguments["Message"]))
        return {}
