"""Keeps the status of an execution that was stopped, and ends one that runs for too long.

ministack 1.5.33 changes ABORTED to FAILED when the Task of a stopped execution fails afterwards. It
ignores the `TimeoutSeconds` of a state machine. On AWS, a status that is not RUNNING is final.
"""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable, MutableMapping
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]
from ministack.services import stepfunctions  # type: ignore[import-untyped]

Execution = MutableMapping[str, Any]


def correct_executions() -> None:
    """Correct the statuses of executions."""
    stepfunctions._fail_execution = _failing(stepfunctions._fail_execution)
    stepfunctions._run_execution = _running(stepfunctions._run_execution)


def _failing(fail: Callable[..., None]) -> Callable[..., None]:
    def fail_execution(execution: Execution, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    return fail_execution


def _running(run: Callable[[str], None]) -> Callable[[str], None]:
    def run_execution(arn: str) -> None:
        execution = stepfunctions._executions.get(arn)
        seconds = _timeout_seconds(execution) if execution else None
        if seconds is None:
            run(arn)
            return
        # The scope of the request is in the context, which a new thread does not inherit.
        context = contextvars.copy_context()
        timer = threading.Timer(seconds, context.run, (_time_out, execution))
        timer.daemon = True
        timer.start()
        run(arn)
        timer.cancel()

    return run_execution


def _timeout_seconds(execution: Execution) -> float | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    return None if seconds is None else float(seconds)


def _time_out(execution: Execution) -> None:
    if execution["status"] != "RUNNING":
        return
    execution["status"] = "TIMED_OUT"
    execution["stopDate"] = now_iso()
    stepfunctions._add_event(execution, "ExecutionTimedOut")
    stepfunctions._emit_execution_status_event(execution)
