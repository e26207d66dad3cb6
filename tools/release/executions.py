"""The executions of the machine that releases images."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from settings import StageSettings
from tools.release.errors import ExitCode, ReleaseError

HOLD = "Hold"
FINISH = "Finish"
_RUNNING = "RUNNING"
_RECENT = 100
"""How many executions are searched for the return of a release."""


@dataclass(frozen=True)
class Execution:
    """An execution of the machine: a release, or a return."""

    arn: str
    name: str
    status: str
    started: dt.datetime
    ended: dt.datetime | None
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    """Empty unless it has succeeded."""
    error: str
    """The name of its error; empty unless it has failed."""
    failure: Mapping[str, Any]
    """The details of the failure, from the JSON text of its cause."""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status == _RUNNING

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The steps with their position, share and number of requests, as the machine counts."""
        return list(self.output.get("steps") or self.failure.get("steps") or [])

    @property
    def reason(self) -> str:
        """Why it has failed, or why it did nothing."""
        return str(self.failure.get("reason") or self.output.get("reason") or "")


@dataclass(frozen=True)
class EnteredState:
    """The moment at which an execution entered a state."""

    event: int
    """The number of the event in the history."""
    name: str
    time: dt.datetime

    @property
    def phase(self) -> str:
        """The name of the phase."""
        return _phase(self.name)


class ReleaseMachine:
    """The state machine of a stage."""

    def __init__(self, client: Any, settings: StageSettings, account: str) -> None:  # noqa: ANN401
        """Take a client of Step Functions in the Region of the stage, and the account's number."""
        self._client = client
        self._name = settings.resource_name("release")
        self.arn = f"arn:aws:states:{settings.region}:{account}:stateMachine:{self._name}"

    def start(self, values: Mapping[str, Any], name: str | None = None) -> Execution:
        """Start an execution.

        Raises:
            ReleaseError: the machine does not exist, or an execution has the name already.
        """
        extra = {"name": name} if name else {}
        errors = self._client.exceptions
        try:
            started = self._client.start_execution(
                stateMachineArn=self.arn, input=json.dumps(values), **extra
            )
        except errors.StateMachineDoesNotExist:
            raise self._missing() from None
        except errors.ExecutionAlreadyExists:
            raise ReleaseError(
                f"an execution is named {name} already; run the command again", ExitCode.REFUSED
            ) from None
        return self.describe(started["executionArn"])

    def stop(self, execution: Execution, cause: str) -> None:
        """Stop an execution. The rule for stopped executions then starts a return."""
        self._client.stop_execution(executionArn=execution.arn, error="Stopped", cause=cause)

    def describe(self, arn: str) -> Execution:
        """Read an execution."""
        found = self._client.describe_execution(executionArn=arn)
        return Execution(
            arn=arn,
            name=found["name"],
            status=found["status"],
            started=found["startDate"],
            ended=found.get("stopDate"),
            input=_parsed(found.get("input")),
            output=_parsed(found.get("output")) if found["status"] == "SUCCEEDED" else {},
            error=found.get("error") or "",
            failure=_parsed(found.get("cause")),
        )

    def releases(self, service: str) -> Iterator[Execution]:
        """Yield the releases of a service, the newest first.

        AWS keeps them for 90 days ("Quotas", Step Functions Developer Guide).
        """
        for listed in self._listed():
            if listed["name"].startswith(f"{service}-"):
                yield self.describe(listed["executionArn"])

    def running(self) -> list[Execution]:
        """Return the executions that have not ended, the newest first."""
        return [self.describe(item["executionArn"]) for item in self._listed(statusFilter=_RUNNING)]

    def find_return(self, release: Execution) -> Execution | None:
        """Return the newest return of a release; None if none was started."""
        for number, listed in enumerate(self._listed()):
            if number == _RECENT or listed["startDate"] < release.started:
                return None
            execution = self.describe(listed["executionArn"])
            if execution.input.get("return") == release.arn:
                return execution
        return None

    def entered_states(self, execution: Execution, after: int = 0) -> list[EnteredState]:
        """Return the states that were entered after an event of the history, the oldest first."""
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=execution.arn, reverseOrder=True, includeExecutionData=False
        )
        found: list[EnteredState] = []
        for page in pages:
            for event in page["events"]:
                if event["id"] <= after:
                    return found[::-1]
                if "stateEnteredEventDetails" in event:
                    name = event["stateEnteredEventDetails"]["name"]
                    found.append(EnteredState(event["id"], name, event["timestamp"]))
        return found[::-1]

    def phase(self, execution: Execution) -> str:
        """Return the current phase of an execution; empty before its first state."""
        page = self._client.get_execution_history(
            executionArn=execution.arn, reverseOrder=True, maxResults=20
        )
        for event in page["events"]:
            if "stateEnteredEventDetails" in event:
                return EnteredState(
                    0, event["stateEnteredEventDetails"]["name"], dt.datetime.min
                ).phase
        return ""

    def _listed(self, **filters: str) -> Iterator[Mapping[str, Any]]:
        paginator = self._client.get_paginator("list_executions")
        try:
            for page in paginator.paginate(stateMachineArn=self.arn, **filters):
                yield from page["executions"]
        except self._client.exceptions.StateMachineDoesNotExist:
            raise self._missing() from None

    def _missing(self) -> ReleaseError:
        return ReleaseError(
            f"the state machine {self._name} does not exist; deploy the delivery stack",
            ExitCode.REFUSED,
        )


def _phase(state: str) -> str:
    """Return the phase of a state: the first word of its name."""
    return state.partition(" ")[0]


def _parsed(text: str | None) -> Mapping[str, Any]:
    """Return the JSON object of a text; empty for another text."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {"reason": text}
    return value if isinstance(value, dict) else {}
