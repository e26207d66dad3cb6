"""Corrects what happens after a rollback that fails.

ministack 1.5.33 forgets the resources that the rollback of a creation could not delete. On AWS a
stack in `ROLLBACK_FAILED` has them as `DELETE_FAILED`, and its deletion tries again ("Stack fails
to delete", AWS CloudFormation User Guide). It also takes an empty list of resources to skip, which
`cdk rollback` sends, for a resource without a name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    handlers,
    stacks,
)

RollBack = Callable[..., Awaitable[None]]


def correct_failed_rollbacks() -> None:
    """Make the deletion of a stack and the continuation of a rollback work after the failure."""
    roll_back = _keeping(stacks._roll_back_operation)
    stacks._roll_back_operation = roll_back
    handlers._roll_back_operation = roll_back
    handlers._ACTION_HANDLERS["ContinueUpdateRollback"] = _continue_update_rollback


def _continue_update_rollback(parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - the emulator's
    given = {k: v for k, v in parameters.items() if (k, v) != ("ResourcesToSkip", [""])}
    return handlers._continue_update_rollback(given)


def _keeping(roll_back: RollBack) -> RollBack:
    async def keep(
        stack_name: str,
        stack_id: str,
        stack: dict[str, Any],
        operation: dict[str, Any],
        reason_override: str = "",
    ) -> None:
        await roll_back(stack_name, stack_id, stack, operation, reason_override)
        if stack["StackStatus"] != "ROLLBACK_FAILED":
            return
        for logical_id, left in stack["_rollback_failed"].items():
            stack["_resources"][logical_id] = {
                "Attributes": {},
                **left,
                "LogicalResourceId": logical_id,
                "ResourceStatus": "DELETE_FAILED",
                "Timestamp": now_iso(),
            }

    return keep
