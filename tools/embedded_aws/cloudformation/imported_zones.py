"""Creates the hosted zones that a template refers to but does not create.

The settings name the hosted zone of the stage's domain, which exists on AWS before the stacks. The
embedded AWS creates it before its first record. A zone that a stack creates cannot be affected: a
template gets its id only after its creation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import route53  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

RECORD_SET = "AWS::Route53::RecordSet"


def create_imported_zones() -> None:
    """Allow records in a hosted zone that no stack has created."""
    handler = dict(provisioners._RESOURCE_HANDLERS[RECORD_SET])
    handler["create"] = _creating_zone(handler["create"])
    provisioners._RESOURCE_HANDLERS[RECORD_SET] = handler


def _creating_zone(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_record(logical_id: str, properties: Mapping[str, Any], stack: str) -> object:
        zone_id = str(properties.get("HostedZoneId", "")).rpartition("/")[2]
        if zone_id and zone_id not in route53._zones:
            _create_zone(zone_id, _parent(str(properties.get("Name", ""))))
        return create(logical_id, properties, stack)

    return create_record


def _parent(record: str) -> str:
    """Return the most likely name of a record's zone: the record's name without its first label."""
    name = record.rstrip(".")
    _label, _, parent = name.partition(".")
    return f"{parent if '.' in parent else name}."


def _create_zone(zone_id: str, name: str) -> None:
    route53._zones[zone_id] = {
        "id": zone_id,
        "name": name,
        "caller_reference": zone_id,
        "comment": "created by the embedded AWS for a zone that no stack creates",
        "private": False,
        "vpcs": [],
    }
    route53._records[zone_id] = route53._default_records(name)
