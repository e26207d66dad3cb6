"""A stage's dashboards, as their templates have them."""

import json
from typing import Any

from tests.stacks.monitoring.dashboards.picture import draw
from tests.synthesis import SynthesizedStage, joined


def body(stage: SynthesizedStage, kind: str) -> dict[str, Any]:
    """Return the JSON of a dashboard, `operations` or `business`."""
    dashboards = stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
    name = stage.settings.resource_name(kind)
    found = [each["Properties"] for each in dashboards]
    (text,) = [each["DashboardBody"] for each in found if each["DashboardName"] == name]
    read: dict[str, Any] = json.loads(joined(text))
    return read


def picture(stage: SynthesizedStage, kind: str) -> str:
    """Return the drawing of a dashboard."""
    name = stage.settings.resource_name()
    alarms = {
        f"${{{logical_id}.Arn}}": alarm["Properties"]["AlarmName"].removeprefix(f"{name}-")
        for kind_of_alarm in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for logical_id, alarm in stage.resources("monitoring", kind_of_alarm).items()
    }
    return draw(stage.settings.resource_name(kind), body(stage, kind), alarms=alarms)
