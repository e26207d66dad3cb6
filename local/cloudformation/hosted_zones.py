"""Holds the public hosted zones that stages refer to.

A stage names a zone that its account has long had, and makes records in it. Nothing here made
that zone, so a record that asks for an unknown one makes it.
"""

from __future__ import annotations

from typing import Any

from ministack.services import route53  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

RECORD = "AWS::Route53::RecordSet"


def hold_referenced_zones() -> None:
    """Let a record find the zone that it names by its id."""
    handler = dict(provisioners._RESOURCE_HANDLERS[RECORD])
    create = handler["create"]

    def create_in_held_zone(logical_id: str, properties: dict[str, Any], stack: str) -> Any:  # noqa: ANN401 - the emulator's
        zone_id = properties.get("HostedZoneId")
        if zone_id and zone_id not in route53._zones:
            parent = str(properties.get("Name", "")).rstrip(".").partition(".")[2]
            _hold(str(zone_id), f"{parent}.")
        return create(logical_id, properties, stack)

    handler["create"] = create_in_held_zone
    provisioners._RESOURCE_HANDLERS[RECORD] = handler


def _hold(zone_id: str, name: str) -> None:
    route53._zones[zone_id] = {
        "id": zone_id,
        "name": name,
        "caller_reference": zone_id,
        "comment": "referred to by a stage",
        "private": False,
        "vpcs": [],
    }
    route53._records[zone_id] = route53._default_records(name)
