"""Refuses to create a DB instance under a name in use, and to delete a protected DB instance.

ministack 1.5.33 replaces the instance that has the name, and deletes a protected instance with its
stack. On AWS both fail, and so do `cdk deploy` and `cdk destroy`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import rds  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.deletions import refuse_deletion

DB_INSTANCE = "AWS::RDS::DBInstance"


def protect_instances() -> None:
    """Make the creation under a name in use fail, and the deletion of a protected instance."""
    handler = dict(provisioners._RESOURCE_HANDLERS[DB_INSTANCE])
    handler["create"] = _unless_taken(handler["create"])
    provisioners._RESOURCE_HANDLERS[DB_INSTANCE] = handler
    # A final snapshot is the first step of a deletion.
    refuse_deletion(DB_INSTANCE, _refusal, steps=("snapshot", "delete"))


def _unless_taken(create: Callable[..., object]) -> Callable[..., object]:
    def checked(logical_id: str, properties: dict[str, Any], stack: str) -> object:
        if properties.get("DBInstanceIdentifier") in rds._instances:
            raise ValueError("DB instance already exists (Service: Rds, Status Code: 400)")
        return create(logical_id, properties, stack)

    return checked


def _refusal(name: str) -> str:
    instance = rds._instances.get(name)
    if instance is None or not instance.get("DeletionProtection"):
        return ""
    return (
        "Cannot delete protected DB Instance, please disable deletion protection and try again. "
        "(Service: Rds, Status Code: 400)"
    )
