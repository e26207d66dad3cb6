"""Answers a call that starts a stack operation when the operation has ended.

AWS answers at once, and the CDK CLI then asks every five seconds whether the stack is done. Here a
stack takes milliseconds, so the answer waits for it (within bounds), and the first question finds
it done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    changesets,
    handlers,
    stacks,
)

MAXIMUM_SECONDS = 25.0
"""How long an answer may wait. boto3 gives up after 60 s; the caller can ask again before."""

_operations: ContextVar[list[asyncio.Task[None]] | None] = ContextVar("operations", default=None)


def wait_for_stacks() -> None:
    """Let the emulator's CloudFormation answer when the stack operation has ended."""
    cloudformation.handle_request = _waiting(cloudformation.handle_request)
    for module in (handlers, changesets):
        module._create_stack_task_in_region = _start


def _waiting(handle_request: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle(*request: object) -> object:
        started: list[asyncio.Task[None]] = []
        _operations.set(started)
        response = await handle_request(*request)
        if started:
            await asyncio.wait(started, timeout=MAXIMUM_SECONDS)
        return response

    return handle


def _start(
    operation: Coroutine[Any, Any, None],
    stack: dict[str, Any] | None,
    stack_id: str | None = None,
) -> None:
    with stacks._stack_region_context(stack, stack_id):
        task = asyncio.get_running_loop().create_task(operation)
    # The loop holds tasks weakly; the emulator drops them, and one could vanish half done.
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    started = _operations.get()
    if started is not None:
        started.append(task)


_unfinished: set[asyncio.Task[None]] = set()
