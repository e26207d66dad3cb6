"""Corrects what happens after a rollback that fails.

ministack 1.5.33 forgets the resources that the rollback of a creation could not delete. On AWS a
stack in `ROLLBACK_FAILED` has them as `DELETE_FAILED`, and its deletion tries again ("Stack fails
to delete", AWS CloudFormation User Guide).

It shows the former status of the resources that the rollback of an update could not restore. On AWS
they are in `UPDATE_FAILED`, which is the status of resources that can be skipped
("ContinueUpdateRollback", AWS CloudFormation API Reference). It also takes an empty list of
resources to skip, which `cdk rollback` sends, for a resource without a name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]
from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    handlers,
    stacks,
)

RollBack = Callable[..., Awaitable[None]]
Json = dict[str, Any]


def correct_failed_rollbacks() -> None:
    """Make the deletion of a stack and the continuation of a rollback work after the failure."""
    roll_back = _keeping(stacks._roll_back_operation)
    stacks._roll_back_operation = roll_back
    handlers._roll_back_operation = roll_back
    handlers._continue_update_rollback_async = _settling(stacks._continue_update_rollback_async)
    handlers._ACTION_HANDLERS["ContinueUpdateRollback"] = _continue_update_rollback


def _continue_update_rollback(parameters: Json) -> Any:  # noqa: ANN401 - the emulator's
    given = {k: v for k, v in parameters.items() if (k, v) != ("ResourcesToSkip", [""])}
    return handlers._continue_update_rollback(given)


def _keeping(roll_back: RollBack) -> RollBack:
    async def keep(
        stack_name: str,
        stack_id: str,
        stack: Json,
        operation: Json,
        reason_override: str = "",
    ) -> None:
        await roll_back(stack_name, stack_id, stack, operation, reason_override)
        if stack["StackStatus"] == "ROLLBACK_FAILED":
            _keep_undeleted(stack)
        elif stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            _show_unrestored(stack_id, stack)

    return keep


def _settling(continue_rollback: RollBack) -> RollBack:
    async def settle(stack_name: str, stack_id: str, skipped: frozenset[str]) -> None:
        stack = cloudformation._stacks[stack_name]
        pending = set(stack["_rollback_failed"])
        await continue_rollback(stack_name, stack_id, skipped)
        for logical_id in pending & stack["_resources"].keys():
            stack["_resources"][logical_id]["ResourceStatus"] = "UPDATE_COMPLETE"
            stack["_resources"][logical_id].pop("ResourceStatusReason", None)
        if stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            _show_unrestored(stack_id, stack)

    return settle


def _keep_undeleted(stack: Json) -> None:
    for logical_id, left in stack["_rollback_failed"].items():
        stack["_resources"][logical_id] = {
            "Attributes": {},
            **left,
            "LogicalResourceId": logical_id,
            "ResourceStatus": "DELETE_FAILED",
            "Timestamp": now_iso(),
        }


def _show_unrestored(stack_id: str, stack: Json) -> None:
    reasons = {
        event["LogicalResourceId"]: event["ResourceStatusReason"]
        for event in cloudformation._stack_events[stack_id]
        if event["ResourceStatus"] == "UPDATE_FAILED"
    }
    for logical_id in stack["_rollback_failed"].keys() & stack["_resources"].keys():
        stack["_resources"][logical_id].update(
            ResourceStatus="UPDATE_FAILED",
            ResourceStatusReason=reasons.get(logical_id, ""),
            Timestamp=now_iso(),
        )
