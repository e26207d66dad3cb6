"""The schedules of EventBridge Scheduler in the templates of a stage."""

import json
from typing import Any

from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

SCHEDULE = "AWS::Scheduler::Schedule"


def schedule(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the properties of a schedule of the monitoring stack by its name."""
    full_name = stage.settings.resource_name(name)
    properties: dict[str, Any]
    (properties,) = (
        resource["Properties"]
        for resource in stage.resources("monitoring", SCHEDULE).values()
        if resource["Properties"].get("Name") == full_name
    )
    assert properties["ScheduleExpressionTimezone"] == "Etc/UTC"
    assert properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    return properties


def schedule_expression(stage: SynthesizedStage, name: str) -> str:
    return str(schedule(stage, name)["ScheduleExpression"])


def published_message(stage: SynthesizedStage, name: str) -> dict[str, str]:
    """Return the arguments of the Publish call that a schedule makes."""
    target = schedule(stage, name)["Target"]
    assert as_text(target["Arn"]).endswith(":scheduler:::aws-sdk:sns:publish")
    arguments: dict[str, str] = json.loads(as_text(target["Input"]))
    return arguments


def start_expression(stage: SynthesizedStage, stack: str, state_machine: str) -> str:
    """Return the schedule expression that starts a state machine."""
    full_name = stage.settings.resource_name(state_machine)
    (logical_id,) = (
        logical_id
        for logical_id, resource in stage.resources(
            stack, "AWS::StepFunctions::StateMachine"
        ).items()
        if resource["Properties"]["StateMachineName"] == full_name
    )
    (properties,) = (
        resource["Properties"]
        for resource in stage.resources(stack, SCHEDULE).values()
        if resource["Properties"]["Target"]["Arn"] == {"Ref": logical_id}
    )
    assert properties["ScheduleExpressionTimezone"] == "Etc/UTC"
    return str(properties["ScheduleExpression"])
