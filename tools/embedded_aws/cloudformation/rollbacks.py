"""Keeps the resources that the rollback of a creation could not delete in their stack.

ministack 1.5.33 forgets them. On AWS a stack in `ROLLBACK_FAILED` has them as `DELETE_FAILED`, and
its deletion tries again ("Stack fails to delete", AWS CloudFormation User Guide).
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


def keep_what_a_rollback_left() -> None:
    """Make the deletion of a stack in `ROLLBACK_FAILED` delete what the rollback left."""
    roll_back = _keeping(stacks._roll_back_operation)
    stacks._roll_back_operation = roll_back
    handlers._roll_back_operation = roll_back


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
