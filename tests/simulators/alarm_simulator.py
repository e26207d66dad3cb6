"""Simulates the alarms of a synthesized stage: their states and notifications, minute by minute.

The rules of composite alarms and suppressors follow "Create a composite alarm" and "Suppressing
composite alarm actions" of the CloudWatch user guide.
"""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple

from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

METRIC_ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"
_TOKEN = re.compile(r'ALARM\("\$\{([^}]+)\.Arn\}"\)|AND|OR|NOT|\(|\)')


class Notification(NamedTuple):
    """A message that an alarm has gone off."""

    minute: int
    topic: str
    """`critical` or `warning`."""
    alarm: str


@dataclass(frozen=True)
class StageAlarms:
    """The alarms of a stage, by their names without the stage's resource name."""

    stage: SynthesizedStage

    @cached_property
    def metric_alarms(self) -> dict[str, dict[str, Any]]:
        return self._properties_by_name(METRIC_ALARM)

    @cached_property
    def composite_alarms(self) -> dict[str, dict[str, Any]]:
        return self._properties_by_name(COMPOSITE_ALARM)

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        return self.metric_alarms | self.composite_alarms

    def topics(self, name: str) -> list[str]:
        """Return the topics of an alarm's actions: `critical` or `warning`."""
        actions = [as_text(action) for action in self.all[name].get("AlarmActions", [])]
        return ["critical" if "Critical" in action else "warning" for action in actions]

    def members(self, name: str) -> set[str]:
        """Return the alarms in the rule of a composite alarm."""
        return set(self._members[name].values())

    def suppressor(self, name: str) -> str | None:
        """Return the alarm that suppresses the actions of an alarm."""
        suppressor = self.all[name].get("ActionsSuppressor")
        return self._names_by_id[suppressor["Fn::GetAtt"][0]] if suppressor else None

    def in_alarm(self, metric_alarms: Set[str]) -> set[str]:
        """Return every alarm that is in ALARM while these metric alarms are."""
        return set(metric_alarms) | {
            name for name in self.composite_alarms if self._evaluate(name, metric_alarms)
        }

    def notifications(self, states: Callable[[int], Set[str]], minutes: int) -> list[Notification]:
        """Return the notifications of a period.

        Args:
            states: Takes a minute, and returns the metric alarms that are in ALARM then.
            minutes: The length of the period.
        """
        notifications: list[Notification] = []
        simulations = {
            name: _ActionSimulation(self, name) for name in self.all if self.topics(name)
        }
        for minute in range(minutes):
            in_alarm = self.in_alarm(states(minute))
            for name, simulation in simulations.items():
                if simulation.notifies(minute, in_alarm):
                    notifications += [
                        Notification(minute, topic, name) for topic in self.topics(name)
                    ]
        return notifications

    def _evaluate(self, name: str, metric_alarms: Set[str]) -> bool:
        states = {
            logical_id: self._evaluate(member, metric_alarms)
            if member in self.composite_alarms
            else member in metric_alarms
            for logical_id, member in self._members[name].items()
        }
        return bool(eval(self._rules[name], {"__builtins__": {}}, states))  # noqa: S307  see _rules

    @cached_property
    def _members(self) -> dict[str, dict[str, str]]:
        """The members of each composite alarm, by logical id."""
        return {
            name: {
                token[1]: self._names_by_id[token[1]]
                for token in _TOKEN.finditer(as_text(properties["AlarmRule"]))
                if token[1]
            }
            for name, properties in self.composite_alarms.items()
        }

    @cached_property
    def _rules(self) -> dict[str, CodeType]:
        """Each rule as a Python expression of logical ids, `and`, `or` and `not`."""
        return {
            name: compile(
                " ".join(
                    token[1] or token[0].lower()
                    for token in _TOKEN.finditer(as_text(properties["AlarmRule"]))
                ),
                name,
                "eval",
            )
            for name, properties in self.composite_alarms.items()
        }

    def _properties_by_name(self, resource_type: str) -> dict[str, dict[str, Any]]:
        resources = self.stage.resources("monitoring", resource_type).values()
        return {self._short_name(resource): resource["Properties"] for resource in resources}

    @cached_property
    def _names_by_id(self) -> Mapping[str, str]:
        return {
            logical_id: self._short_name(resource)
            for resource_type in (METRIC_ALARM, COMPOSITE_ALARM)
            for logical_id, resource in self.stage.resources("monitoring", resource_type).items()
        }

    def _short_name(self, resource: Mapping[str, Any]) -> str:
        name: str = resource["Properties"]["AlarmName"]
        return name.removeprefix(f"{self.stage.settings.resource_name()}-")


class _ActionSimulation:
    """The state of an alarm's actions, from minute to minute."""

    def __init__(self, alarms: StageAlarms, name: str) -> None:
        properties = alarms.all[name]
        self._name = name
        self._suppressor = alarms.suppressor(name)
        self._wait_minutes = properties.get("ActionsSuppressorWaitPeriod", 0) // 60
        self._extension_minutes = properties.get("ActionsSuppressorExtensionPeriod", 0) // 60
        self._in_alarm_since: int | None = None
        self._suppressed_until: int | None = None
        self._has_notified = False

    def notifies(self, minute: int, in_alarm: Set[str]) -> bool:
        """Advance to a minute, and return whether the alarm notifies that it has gone off."""
        suppressor_in_alarm = self._suppressor in in_alarm
        if suppressor_in_alarm:
            self._suppressed_until = minute + 1 + self._extension_minutes
        if self._name not in in_alarm:
            self._in_alarm_since, self._has_notified = None, False
            return False
        if self._in_alarm_since is None:
            self._in_alarm_since = minute
        is_extended = self._suppressed_until is not None and minute < self._suppressed_until
        is_waiting = (
            self._suppressor is not None
            and self._suppressed_until is None
            and minute < self._in_alarm_since + self._wait_minutes
        )
        if self._has_notified or suppressor_in_alarm or is_extended or is_waiting:
            return False
        self._has_notified = True
        return True
