"""Delays the response to a call that starts a stack operation until the operation has ended.

AWS responds at once, and the CDK CLI then asks for the stack's status every five seconds. In the
embedded AWS most operations take milliseconds. With the delay, the first status is the final one.
Tasks of Step Functions get the response at once, as on AWS: a delay would count as their time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    changesets,
    handlers,
    stacks,
)

MAXIMUM_SECONDS = 25.0
"""The longest delay. A client of boto3 stops waiting for the response after 60 s."""

_operations: ContextVar[list[asyncio.Task[None]] | None] = ContextVar("operations", default=None)
_is_immediate: ContextVar[bool] = ContextVar("is_immediate", default=False)


def wait_for_stacks() -> None:
    """Make the emulator's CloudFormation respond when the stack operation has ended."""
    cloudformation.handle_request = _waiting(cloudformation.handle_request)
    for module in (handlers, changesets):
        module._create_stack_task_in_region = _start


@contextmanager
def respond_at_once() -> Iterator[None]:
    """Make the calls of this thread respond when the operation has started."""
    token = _is_immediate.set(True)
    try:
        yield
    finally:
        _is_immediate.reset(token)


def _waiting(handle_request: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle(*request: object) -> object:
        started: list[asyncio.Task[None]] = []
        _operations.set(started)
        response = await handle_request(*request)
        if started and not _is_immediate.get():
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
    # The event loop and the emulator keep no reference to the task: it could be collected.
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    started = _operations.get()
    if started is not None:
        started.append(task)


_unfinished: set[asyncio.Task[None]] = set()
