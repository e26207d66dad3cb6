"""Refusals of the deletion of a resource with its stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]


def refuse_deletion(
    resource_type: str, refusal: Callable[[str], str], *, steps: Sequence[str] = ("delete",)
) -> None:
    """Make the emulator's CloudFormation refuse to delete some resources of a type.

    Args:
        resource_type: the type of the resources.
        refusal: returns the message for a physical id; empty if the resource may be deleted.
        steps: the functions of the emulator's handler that a deletion calls.
    """
    handler = dict(provisioners._RESOURCE_HANDLERS[resource_type])
    for step in steps:
        handler[step] = _unless_refused(handler[step], refusal)
    provisioners._RESOURCE_HANDLERS[resource_type] = handler


def _unless_refused(
    step: Callable[..., object], refusal: Callable[[str], str]
) -> Callable[..., object]:
    def checked(physical_id: str, properties: object) -> object:
        message = refusal(physical_id)
        if message:
            raise ValueError(message)
        return step(physical_id, properties)

    return checked
