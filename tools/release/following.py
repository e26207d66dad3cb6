"""Waits for the end of a release, and starts its return if nothing else does."""

from __future__ import annotations

import time
from collections.abc import Callable

from tools.release.executions import Execution, ReleaseMachine
from tools.release.outcomes import needs_return

POLL_SECONDS = 5.0
RULE_SECONDS = 15.0
"""How long the rule for stopped executions has to start a return. EventBridge delivers its events
on a best-effort basis."""
RULE_POLL_SECONDS = 1.0


def follow(
    machine: ReleaseMachine, execution: Execution, on_change: Callable[[], None]
) -> Execution:
    """Wait until an execution and its return have ended; return the last one of them.

    Args:
        machine: the machine of the stage.
        execution: a release or a return.
        on_change: called at the beginning, and after each poll.
    """
    while execution.is_running:
        on_change()
        time.sleep(POLL_SECONDS)
        execution = machine.describe(execution.arn)
    if needs_return(execution) and "return" not in execution.input:
        return follow(machine, ensure_return(machine, execution), on_change)
    on_change()
    return execution


def ensure_return(machine: ReleaseMachine, release: Execution) -> Execution:
    """Return the return of a stopped release; start it if the rule does not within 15 seconds.

    A second return of a release changes nothing.
    """
    give_up = time.monotonic() + RULE_SECONDS
    while (found := machine.find_return(release)) is None:
        if time.monotonic() > give_up:
            return machine.start({"return": release.arn})
        time.sleep(RULE_POLL_SECONDS)
    return found
