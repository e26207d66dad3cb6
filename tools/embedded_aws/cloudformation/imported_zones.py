"""Makes the hosted zones that a template refers to but does not create.

A domain's zone is older than the stacks and is named in the settings. On AWS it exists; here it is
made when the first record asks for it, so that the record can be created. A zone that belongs to
a stack is never made here: its id is known only when it exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import route53  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

RECORD_SET = "AWS::Route53::RecordSet"


def make_imported_zones() -> None:
    """Let a record be created in a zone that no stack has created."""
    handler = dict(provisioners._RESOURCE_HANDLERS[RECORD_SET])
    handler["create"] = _making_zone(handler["create"])
    provisioners._RESOURCE_HANDLERS[RECORD_SET] = handler


def _making_zone(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_record(logical_id: str, properties: Mapping[str, Any], stack: str) -> object:
        zone_id = str(properties.get("HostedZoneId", "")).rpartition("/")[2]
        if zone_id and zone_id not in route53._zones:
            _make(zone_id, _parent(str(properties.get("Name", ""))))
        return create(logical_id, properties, stack)

    return create_record


def _parent(record: str) -> str:
    """Return the name of the zone that a record most likely is in: all but its first label."""
    name = record.rstrip(".")
    _label, _, parent = name.partition(".")
    return f"{parent if '.' in parent else name}."


def _make(zone_id: str, name: str) -> None:
    route53._zones[zone_id] = {
        "id": zone_id,
        "name": name,
        "caller_reference": zone_id,
        "comment": "made locally: it stands for a zone outside of the stacks",
        "private": False,
        "vpcs": [],
    }
    route53._records[zone_id] = route53._default_records(name)
