"""Refuses a stack update that removes or changes an export that another stack imports.

ministack 1.5.33 checks imports only when a stack is deleted, and still lists an export that an
update has removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import handlers, stacks  # type: ignore[import-untyped]

_DELETED = "DELETE_COMPLETE"


def protect_exports() -> None:
    """Make an update fail if it removes or changes an export in use."""
    stacks._resolve_stack_outputs = _protecting(stacks._resolve_stack_outputs)


def _protecting(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_outputs(*arguments: Any) -> Any:  # noqa: ANN401 - the emulator's
        stack_id = arguments[-1]
        outputs, exports = resolve(*arguments)
        former = [e for e in cloudformation._exports.values() if e["StackId"] == stack_id]
        for export in former:
            _refuse_if_used(export, exports.get(export["Name"]))
        for export in former:
            if export["Name"] not in exports:
                cloudformation._exports.pop(export["Name"], None)
        return outputs, exports

    return resolve_outputs


def _refuse_if_used(former: dict[str, Any], wanted: dict[str, Any] | None) -> None:
    if wanted is not None and wanted["Value"] == former["Value"]:
        return
    importers = _importers(former["Name"], former["StackId"])
    if importers:
        verb = "deleted" if wanted is None else "updated"
        raise ValueError(
            f"Export {former['Name']} cannot be {verb} as it is in use by {' and '.join(importers)}"
        )


def _importers(export: str, owner: str) -> list[str]:
    return sorted(
        name
        for name, stack in cloudformation._stacks.items()
        if stack.get("StackId") != owner
        and stack.get("StackStatus") != _DELETED
        and export in handlers._imported_export_names(stack, name)
    )
