"""The Availability Zones of the stage, and what AWS offers in them."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from settings import StageSettings
from tools.operations.preflight.row import Row, missing, ok
from tools.operations.preflight.versions import find_postgresql_version

if TYPE_CHECKING:
    from boto3 import Session

_ZONES_WITHOUT_EKS = ("use1-az3", "usw1-az2", "cac1-az3")
"""The IDs of the zones in which no subnet of a cluster may be ("Subnet requirements for clusters",
Amazon EKS User Guide). The names of zones differ between accounts, and their IDs do not."""


def check_zones(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the zones exist in the account, and that EKS creates control planes there."""
    zones = session.client("ec2").describe_availability_zones()["AvailabilityZones"]
    ids = {zone["ZoneName"]: zone["ZoneId"] for zone in zones if zone["State"] == "available"}
    usable = [name for name, zone_id in ids.items() if zone_id not in _ZONES_WITHOUT_EKS]
    unusable = [
        f"{name} ({ids[name]}, without EKS)" if name in ids else f"{name} (not available)"
        for name in settings.availability_zones
        if name not in usable
    ]
    subject = "Availability Zones"
    if not unusable:
        found = ", ".join(f"{name} ({ids[name]})" for name in settings.availability_zones)
        return [ok(subject, found)]
    return [
        missing(
            subject,
            ", ".join(unusable),
            allowed=f"three of {', '.join(sorted(usable))}",
            fix=f"set availability_zones in settings/{settings.stage}.yaml",
        )
    ]


def check_node_type(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that EC2 offers the instance type of the nodes in each zone."""
    node_type = settings.cluster.nodes.instance_type
    response = session.client("ec2").describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [node_type]}]
    )
    zones = {offering["Location"] for offering in response["InstanceTypeOfferings"]}
    return [_row("EC2 instance type", node_type, zones, settings, "cluster.nodes.instance_type")]


def check_database_class(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that RDS offers the instance class with the version of PostgreSQL in each zone."""
    client = session.client("rds")
    instance_class = settings.database.instance_class
    version = find_postgresql_version(client, settings.database.engine_version)
    if version is None:
        return []
    pages = client.get_paginator("describe_orderable_db_instance_options").paginate(
        Engine="postgres", EngineVersion=version, DBInstanceClass=instance_class, Vpc=True
    )
    zones = {
        zone["Name"]
        for page in pages
        for option in page["OrderableDBInstanceOptions"]
        if option["StorageType"] == "gp3"
        if option["MultiAZCapable"] or not settings.database.multi_az
        for zone in option["AvailabilityZones"]
    }
    name = f"{instance_class} with PostgreSQL {version}"
    return [_row("RDS instance class", name, zones, settings, "database.instance_class")]


def _row(subject: str, name: str, zones: Collection[str], settings: StageSettings, key: str) -> Row:
    """Return the row about a type that AWS offers in some zones."""
    without = [zone for zone in settings.availability_zones if zone not in zones]
    if not without:
        return ok(subject, f"{name} in each zone")
    return missing(
        subject,
        f"{name} is not offered in {', '.join(without)}",
        allowed=f"what each zone offers (this one: {', '.join(sorted(zones)) or 'no zone'})",
        fix=f"set {key} or availability_zones in settings/{settings.stage}.yaml",
    )
