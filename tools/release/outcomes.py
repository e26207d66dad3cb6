"""What the end of an execution means: a text and an exit code."""

from __future__ import annotations

from dataclasses import dataclass

from tools.release.deployed import short_image
from tools.release.errors import ExitCode
from tools.release.executions import Execution

_EXIT_CODES = {
    "Busy": ExitCode.REFUSED,
    "Refused": ExitCode.REFUSED,
    "NotPrepared": ExitCode.REFUSED,
    "OldTrackRemains": ExitCode.PERSON_NEEDED,
    "Returned": ExitCode.RETURNED,
    "NotReturned": ExitCode.PERSON_NEEDED,
}
"""The exit code by the error of an execution."""
_TEXTS = {
    "Busy": "refused, because another release runs",
    "Refused": "refused; nothing has changed",
    "NotPrepared": "the new image did not start; no traffic has moved",
    "OldTrackRemains": "released, but the old track was not removed",
    "Returned": "returned; the old image receives all traffic",
    "NotReturned": "not returned; a person is needed",
}


@dataclass(frozen=True)
class Outcome:
    """How a release or a return has ended."""

    exit_code: ExitCode
    text: str


def needs_return(execution: Execution) -> bool:
    """Return whether an execution ended in a way after which a return is started.

    The machine itself ends with one of its own errors. Any other end leaves the traffic where it
    is: the execution was stopped, has timed out, or met an error that the machine does not catch.
    """
    if execution.is_running or execution.status == "SUCCEEDED":
        return False
    return execution.error not in _EXIT_CODES


def can_return(release: Execution) -> bool:
    """Return whether the machine returns a release that has ended.

    It returns no release that moved no traffic, was returned already, or is complete but for the
    removal of its old track.
    """
    return needs_return(release) or release.error == "NotReturned"


def outcome_of(execution: Execution) -> Outcome:
    """Return what the end of an execution means."""
    if execution.error in _EXIT_CODES and execution.status == "FAILED":
        return Outcome(_EXIT_CODES[execution.error], _with_reason(execution, execution.error))
    match execution.output.get("outcome"):
        case "Released":
            image = short_image(str(execution.output.get("image", "")))
            return Outcome(ExitCode.RELEASED, f"released {image}")
        case "NothingToReturn":
            return Outcome(ExitCode.RETURNED, f"there was nothing to return: {execution.reason}")
    return Outcome(
        ExitCode.PERSON_NEEDED,
        f"ended with the status {execution.status} {execution.error}".rstrip(),
    )


def highest_share(execution: Execution) -> int | None:
    """Return the largest share of traffic that the new image has received; None if unknown."""
    known = [int(step["share"]) for step in execution.steps if "share" in step]
    if known:
        return max(known)
    return 0 if execution.error in ("Busy", "Refused", "NotPrepared") else None


def _with_reason(execution: Execution, error: str) -> str:
    return f"{_TEXTS[error]}: {execution.reason}" if execution.reason else _TEXTS[error]
