"""Starts and stops the servers of the data plane with the resources that they implement.

CloudFormation and the APIs of RDS and ElastiCache change ministack's records. After each change the
data plane compares the records with its servers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import elasticache, rds  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.recorded import Outcome
from tools.embedded_aws.data_plane import DB_INSTANCE, REPLICATION_GROUP, DataPlane, mark_copy
from tools.embedded_aws.servers.process import ServerError


def connect_data_plane(plane: DataPlane) -> None:
    """Let the data plane follow the records of DB instances and replication groups."""
    for resource_type, records, attributes in (
        (DB_INSTANCE, rds._instances, _db_instance_attributes),
        (REPLICATION_GROUP, elasticache._replication_groups, provisioners._ec_rg_attrs),
    ):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        provisioners._RESOURCE_HANDLERS[resource_type] = {
            **handler,
            "create": _creating(handler["create"], plane, records, attributes),
            "update": _updating(handler["update"], plane, attributes),
            "delete": _deleting(handler["delete"], plane),
        }
    for service in (rds, elasticache):
        service.handle_request = _handling(service.handle_request, plane)


def _creating(
    create: Callable[..., Outcome],
    plane: DataPlane,
    records: Any,  # noqa: ANN401 - the emulator's
    attributes: Callable[[str], dict[str, Any]],
) -> Callable[..., Outcome]:
    def create_resource(logical_id: str, properties: dict[str, Any], stack: str) -> Outcome:
        physical_id, known = create(logical_id, properties, stack)
        mark_copy(records[physical_id], properties)
        try:
            plane.synchronize()
        except ServerError as error:
            records.pop(physical_id, None)
            raise ValueError(str(error)) from error
        return physical_id, known | attributes(physical_id)

    return create_resource


def _updating(
    update: Callable[..., Outcome], plane: DataPlane, attributes: Callable[[str], dict[str, Any]]
) -> Callable[..., Outcome]:
    def update_resource(physical_id: str, *arguments: object) -> Outcome:
        physical_id, known = update(physical_id, *arguments)
        try:
            plane.synchronize()
        except ServerError as error:
            raise ValueError(str(error)) from error
        return physical_id, known | attributes(physical_id)

    return update_resource


def _deleting(delete: Callable[..., None], plane: DataPlane) -> Callable[..., None]:
    def delete_resource(physical_id: str, properties: dict[str, Any]) -> None:
        delete(physical_id, properties)
        plane.synchronize()

    return delete_resource


def _handling(
    handle_request: Callable[..., Awaitable[Any]], plane: DataPlane
) -> Callable[..., Awaitable[Any]]:
    async def handle(*request: object) -> object:
        await asyncio.to_thread(plane.mark_failures)
        response = await handle_request(*request)
        await asyncio.to_thread(plane.synchronize)
        return response

    return handle


def _db_instance_attributes(identifier: str) -> dict[str, Any]:
    attributes: dict[str, Any] = provisioners._rds_db_instance_attrs(rds._instances[identifier])
    return attributes
