"""The alarms of a synthesized stage, and what CloudWatch makes of their states, minute by minute.

The rules of composite alarms and of their suppressors, after "Create a composite alarm" and
"Suppressing composite alarm actions" of the CloudWatch user guide.
"""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any

from tests.synthesis import SynthesizedStage, joined

METRIC = "AWS::CloudWatch::Alarm"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
_TOKEN = re.compile(r'ALARM\("\$\{([^}]+)\.Arn\}"\)|AND|OR|NOT|\(|\)')


@dataclass(frozen=True)
class Alarms:
    """The alarms of a stage by their name without the stage's."""

    stage: SynthesizedStage

    @cached_property
    def metric(self) -> dict[str, dict[str, Any]]:
        return self._named(METRIC)

    @cached_property
    def composite(self) -> dict[str, dict[str, Any]]:
        return self._named(COMPOSITE)

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        return self.metric | self.composite

    def topics(self, name: str) -> list[str]:
        """Return the kind of topic that an alarm tells: critical, warning, or none."""
        actions = [joined(action) for action in self.all[name].get("AlarmActions", [])]
        return ["critical" if "Critical" in each else "warning" for each in actions]

    def members(self, name: str) -> set[str]:
        """Return the alarms in a composite's rule."""
        return set(self._members[name].values())

    def suppressor(self, name: str) -> str | None:
        found = self.all[name].get("ActionsSuppressor")
        return self._by_id[found["Fn::GetAtt"][0]] if found else None

    def in_alarm(self, metrics_in_alarm: Set[str]) -> set[str]:
        """Return every alarm that is in ALARM while these metric alarms are."""
        return set(metrics_in_alarm) | {
            name for name in self.composite if self._evaluate(name, metrics_in_alarm)
        }

    def told(self, states: Callable[[int], Set[str]], minutes: int) -> list[tuple[int, str, str]]:
        """Return (minute, topic, alarm) for each message that something goes off.

        Args:
            states: the metric alarms that are in ALARM at a minute.
            minutes: how long to look.
        """
        told: list[tuple[int, str, str]] = []
        clocks = {name: _Actions(self, name) for name in self.all if self.topics(name)}
        for minute in range(minutes):
            now = self.in_alarm(states(minute))
            for name, actions in clocks.items():
                if actions.performed(minute, now):
                    told += [(minute, topic, name) for topic in self.topics(name)]
        return told

    def _evaluate(self, name: str, metrics_in_alarm: Set[str]) -> bool:
        states = {
            logical_id: self._evaluate(other, metrics_in_alarm)
            if other in self.composite
            else other in metrics_in_alarm
            for logical_id, other in self._members[name].items()
        }
        return bool(eval(self._rules[name], {"__builtins__": {}}, states))  # noqa: S307  see _rules

    @cached_property
    def _members(self) -> dict[str, dict[str, str]]:
        return {
            name: {
                token[1]: self._by_id[token[1]]
                for token in _TOKEN.finditer(joined(properties["AlarmRule"]))
                if token[1]
            }
            for name, properties in self.composite.items()
        }

    @cached_property
    def _rules(self) -> dict[str, CodeType]:
        """Each rule as an expression of logical ids, `and`, `or` and `not`."""
        return {
            name: compile(
                " ".join(
                    token[1] or token[0].lower()
                    for token in _TOKEN.finditer(joined(properties["AlarmRule"]))
                ),
                name,
                "eval",
            )
            for name, properties in self.composite.items()
        }

    def _named(self, resource_type: str) -> dict[str, dict[str, Any]]:
        prefix = f"{self.stage.settings.resource_name()}-"
        return {
            resource["Properties"]["AlarmName"].removeprefix(prefix): resource["Properties"]
            for resource in self.stage.resources("monitoring", resource_type).values()
        }

    @cached_property
    def _by_id(self) -> Mapping[str, str]:
        prefix = f"{self.stage.settings.resource_name()}-"
        return {
            logical_id: resource["Properties"]["AlarmName"].removeprefix(prefix)
            for kind in (METRIC, COMPOSITE)
            for logical_id, resource in self.stage.resources("monitoring", kind).items()
        }


class _Actions:
    """Whether an alarm's actions are performed, held, or done."""

    def __init__(self, alarms: Alarms, name: str) -> None:
        properties = alarms.all[name]
        self._name = name
        self._suppressor = alarms.suppressor(name)
        self._wait = properties.get("ActionsSuppressorWaitPeriod", 0) // 60
        self._extension = properties.get("ActionsSuppressorExtensionPeriod", 0) // 60
        self._went_off: int | None = None
        self._suppressed_until: int | None = None
        self._done = False

    def performed(self, minute: int, in_alarm: Set[str]) -> bool:
        """Move on by a minute. True when the message that it goes off is sent."""
        suppressed = self._suppressor in in_alarm
        if suppressed:
            self._suppressed_until = minute + 1 + self._extension
        if self._name not in in_alarm:
            self._went_off, self._done = None, False
            return False
        if self._went_off is None:
            self._went_off = minute
        held = self._suppressed_until is not None and minute < self._suppressed_until
        waiting = self._suppressor is not None and minute < self._went_off + self._wait
        if self._done or suppressed or held or (waiting and self._suppressed_until is None):
            return False
        self._done = True
        return True
