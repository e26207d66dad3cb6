"""Removes unchanged resources from the events of a stack update, as CloudFormation does.

ministack 1.5.33 reports every resource of an updated stack as updated, so that the CDK CLI shows
dozens of updates where one resource has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners, stacks  # type: ignore[import-untyped]

from tools.templates.schemas import JsonValue

_unchanged: set[tuple[str, str]] = set()
"""Stack id and logical id of the resources whose update changes nothing."""


def hide_unchanged_resources() -> None:
    """Make an update report only the resources that it changes."""
    stacks._update_resource = _noting(stacks._update_resource)
    stacks._add_event = _filtering(stacks._add_event)


def _noting(update: Callable[..., Any]) -> Callable[..., Any]:
    def update_resource(
        resource_type: str,
        physical_id: str,
        old: JsonValue,
        new: JsonValue,
        stack: str,
        *rest: JsonValue,
    ) -> JsonValue:
        logical_id = rest[0] if rest else physical_id
        if old == new:
            stack_id = provisioners._cr_stack_id(stack)
            _unchanged.add((stack_id, logical_id))
            _drop_last_event(stack_id, logical_id)
        return update(resource_type, physical_id, old, new, stack, *rest)

    return update_resource


def _drop_last_event(stack_id: str, logical_id: str) -> None:
    events = cloudformation._stack_events.get(stack_id) or []
    for index in reversed(range(len(events))):
        if events[index]["LogicalResourceId"] == logical_id:
            if events[index]["ResourceStatus"] == "UPDATE_IN_PROGRESS":
                del events[index]
            return


def _filtering(add_event: Callable[..., None]) -> Callable[..., None]:
    def add(
        stack_id: str, stack: str, logical_id: str, *event: JsonValue, **more: JsonValue
    ) -> None:
        if (stack_id, logical_id) in _unchanged:
            _unchanged.discard((stack_id, logical_id))
            if event[1] == "UPDATE_COMPLETE":
                return
        add_event(stack_id, stack, logical_id, *event, **more)

    return add
