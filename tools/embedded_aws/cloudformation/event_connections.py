"""Creates the EventBridge connections of templates, which HTTP Tasks use.

ministack 1.5.33 has connections, but no handler of their resource type.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.services import eventbridge  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.recorded import Outcome

CONNECTION = "AWS::Events::Connection"


def create_event_connections() -> None:
    """Add the handler to those of the emulator."""
    provisioners._RESOURCE_HANDLERS[CONNECTION] = {
        "create": _create,
        "update": _update,
        "update_with_logical_id": True,
        "delete": _delete,
    }


def _create(logical_id: str, properties: Mapping[str, Any], stack: str) -> Outcome:
    name = properties.get("Name") or provisioners._physical_name(stack, logical_id, max_len=64)
    if name in eventbridge._connections:
        raise ValueError(f"Connection {name} already exists")
    arn = f"arn:aws:events:{get_region()}:{get_account_id()}:connection/{name}/{uuid.uuid4()}"
    eventbridge._connections[name] = {
        "Name": name,
        "ConnectionArn": arn,
        "ConnectionState": "AUTHORIZED",
    }
    return _update(name, {}, properties, stack, logical_id)


def _update(
    name: str, _old: object, properties: Mapping[str, Any], _stack: str, _logical_id: str
) -> Outcome:
    connection = eventbridge._connections[name]
    for key in ("AuthorizationType", "AuthParameters", "Description"):
        connection[key] = properties.get(key, "")
    arn = connection["ConnectionArn"]
    return name, {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0]}


def _delete(name: str, _properties: object) -> None:
    eventbridge._connections.pop(name, None)
