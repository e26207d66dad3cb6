"""The bodies of a stage's dashboards, and their pictures."""

import json
from typing import Any

from tests.stacks.monitoring.dashboards.svg_renderer import render
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text


def dashboard_body(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the JSON of the dashboard `operations` or `business`."""
    full_name = stage.settings.resource_name(name)
    (text,) = (
        dashboard["Properties"]["DashboardBody"]
        for dashboard in stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
        if dashboard["Properties"]["DashboardName"] == full_name
    )
    body: dict[str, Any] = json.loads(as_text(text))
    return body


def dashboard_picture(stage: SynthesizedStage, name: str) -> str:
    """Return the picture of a dashboard, as SVG."""
    prefix = f"{stage.settings.resource_name()}-"
    alarm_names = {
        f"${{{logical_id}.Arn}}": alarm["Properties"]["AlarmName"].removeprefix(prefix)
        for resource_type in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for logical_id, alarm in stage.resources("monitoring", resource_type).items()
    }
    return render(
        stage.settings.resource_name(name), dashboard_body(stage, name), alarm_names=alarm_names
    )
