"""Refuses an operation on a stack that another operation changes, as CloudFormation does.

ministack 1.5.33 creates a change set for a stack in any status, although its execution would change
the stack twice at the same time. It also deletes a stack during an update.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import handlers  # type: ignore[import-untyped]

Parameters = dict[str, Any]
Handler = Callable[[Parameters], Any]

_UPDATABLE = frozenset(
    {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    }
)
"""The statuses in which a stack can be updated. They are those of ministack's UpdateStack."""
_WITHOUT_TEMPLATE = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
"""The statuses in which CloudFormation answers that the stack does not exist, as ministack does."""


def refuse_parallel_operations() -> None:
    """Make a second operation on a stack fail while the first one is in progress."""
    actions = cloudformation._ACTION_HANDLERS
    for name in ("CreateChangeSet", "UpdateStack"):
        actions[name] = _refusing(actions[name], _update_refusal)
    actions["DeleteStack"] = _refusing(actions["DeleteStack"], _deletion_refusal)


def _refusing(handle: Handler, refusal: Callable[[Parameters, Mapping[str, Any]], str]) -> Handler:
    def answer(parameters: Parameters) -> Any:  # noqa: ANN401 - the emulator's
        stack = handlers._resolve_stack(handlers._p(parameters, "StackName"))
        message = refusal(parameters, stack) if stack else ""
        return handlers._error("ValidationError", message) if message else handle(parameters)

    return answer


def _update_refusal(parameters: Parameters, stack: Mapping[str, Any]) -> str:
    status = stack["StackStatus"]
    creates = handlers._p(parameters, "ChangeSetType", "UPDATE") == "CREATE"
    if creates or status in _UPDATABLE | _WITHOUT_TEMPLATE:
        return ""
    return f"Stack:{stack['StackId']} is in {status} state and can not be updated."


def _deletion_refusal(_parameters: Parameters, stack: Mapping[str, Any]) -> str:
    status = str(stack["StackStatus"])
    if not (status.startswith("UPDATE_") and status.endswith("_IN_PROGRESS")):
        return ""
    return f"Stack [{stack['StackId']}] cannot be deleted while in status {status}"
