"""Watches the alarms of a stage that page, after a deployment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from settings import StageSettings
from tools.lookup_role import assume_lookup_role, lookup_role_arn
from tools.operations.errors import OperationError

if TYPE_CHECKING:
    from boto3 import Session

POLL_SECONDS = 20.0
"""CloudWatch evaluates the alarms every minute, so none of them is in ALARM for a shorter time."""
_ALARM = "ALARM"
Alarm = Mapping[str, Any]
"""An alarm, as DescribeAlarms returns it."""


class AlarmWatch:
    """The alarms of a stage whose action is its critical topic."""

    def __init__(self, cloudwatch: Any, settings: StageSettings) -> None:  # noqa: ANN401 - a boto3 client
        """Watch with a CloudWatch client."""
        self._cloudwatch = cloudwatch
        self._prefix = f"{settings.resource_name()}-"
        self._topic = f":{settings.resource_name('critical')}"
        self._stage = settings.stage

    def watch(self, minutes: float, sleep: Callable[[float], None] = time.sleep) -> str:
        """Watch for some minutes; return what to say if no alarm went off.

        It undoes nothing: CloudFormation has rolled back a failed update, releases return by
        themselves, and to undo a change of the infrastructure can lose data.

        Args:
            minutes: how long to watch.
            sleep: waits between two looks.

        Raises:
            OperationError: an alarm went off that was not in ALARM at the start, or the stage has
                no such alarm.
        """
        give_up = time.monotonic() + minutes * 60
        at_start = self._critical_alarms()
        if not at_start:
            raise OperationError(
                f"{self._stage}: found no alarm that notifies the topic ending in {self._topic}; "
                f"deploy the monitoring stack: python3 dev.py cdk deploy {self._stage}/monitoring"
            )
        print(
            f"Watching {len(at_start)} critical alarms of {self._stage} for {minutes:g} min:",
            ", ".join(sorted(at_start)),
            flush=True,
        )
        known = {name for name, alarm in at_start.items() if alarm["StateValue"] == _ALARM}
        while time.monotonic() < give_up:
            sleep(min(POLL_SECONDS, max(0.0, give_up - time.monotonic())))
            self._check(known)
        noted = f" In ALARM since before: {', '.join(sorted(known))}." if known else ""
        return (
            f"{self._stage}: none of the {len(at_start)} critical alarms went off in "
            f"{minutes:g} min.{noted}"
        )

    def _check(self, known: set[str]) -> None:
        """Check that no other alarm than the known ones is in ALARM.

        Raises:
            OperationError: there is one. The text has the description, with the runbook's URL.
        """
        off = [
            alarm
            for name, alarm in self._critical_alarms().items()
            if alarm["StateValue"] == _ALARM and name not in known
        ]
        if off:
            texts = [
                f"{alarm['AlarmName']} went off: {alarm.get('StateReason', 'no reason given')}\n"
                f"{alarm.get('AlarmDescription', 'It has no description.')}"
                for alarm in off
            ]
            raise OperationError("\n\n".join(texts))

    def _critical_alarms(self) -> dict[str, Alarm]:
        return {
            alarm["AlarmName"]: alarm
            for alarm in self._alarms()
            if any(action.endswith(self._topic) for action in alarm.get("AlarmActions", ()))
        }

    def _alarms(self) -> Iterator[Alarm]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=self._prefix, AlarmTypes=["CompositeAlarm", "MetricAlarm"]
        )
        for page in pages:
            yield from page.get("CompositeAlarms", ())
            yield from page.get("MetricAlarms", ())


def create_watch(session: Session, settings: StageSettings, root: Path) -> AlarmWatch:
    """Return the watch of a stage, which reads with the CDK's lookup role.

    Raises:
        OperationError: the credentials are for another account than the settings name.
    """
    sts = session.client("sts")
    caller = sts.get_caller_identity()
    account, partition = caller["Account"], caller["Arn"].split(":")[1]
    if settings.account not in (None, account):
        raise OperationError(
            f"settings/{settings.stage}.yaml: account: found {settings.account}; your credentials "
            f"are for {account}"
        )
    role_arn = lookup_role_arn(root, partition, account, settings.region)
    credentials = assume_lookup_role(sts, role_arn, "alarm-watch")
    return AlarmWatch(session.client("cloudwatch", **credentials), settings)
