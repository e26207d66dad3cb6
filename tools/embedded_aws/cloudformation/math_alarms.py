"""Keeps alarms on metric math as alarms, whose state SetAlarmState sets.

ministack 1.5.33 refuses a template with such an alarm. It has no evaluation of metric math, so the
state of these alarms changes by SetAlarmState only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

NOTE = "metric math is not evaluated; SetAlarmState sets the state"
_SINGLE_METRIC_KEYS = (
    *("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"),
)


def keep_math_alarms() -> None:
    """Let the emulator's handler of alarms accept the property `Metrics`."""
    provisioners._cw_metric_alarm_record = _accepting(provisioners._cw_metric_alarm_record)


def is_math_alarm(resource_type: str, properties: Mapping[str, Any]) -> bool:
    """Return whether the resource is an alarm on metric math."""
    return resource_type == "AWS::CloudWatch::Alarm" and "Metrics" in properties


def _accepting(record: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def alarm_record(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        if not properties.get("Metrics"):
            return record(name, properties)
        single = {"Threshold": 0, "MetricName": "-", "Namespace": "-", **properties}
        del single["Metrics"]
        alarm = record(name, single)
        for key in _SINGLE_METRIC_KEYS:
            del alarm[key]
        return alarm | {"Metrics": properties["Metrics"]}

    return alarm_record
