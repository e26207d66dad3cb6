"""Stands in for resource types that the emulator lacks: checks, identifies and records them.

A recorded resource does nothing, and that is said wherever it is listed. But what CloudFormation
would refuse is refused, a replacement is a replacement, and `Ref` and `Fn::GetAtt` give values
that look like AWS's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.embedded_aws.cloudformation.attributes import AttributeMaker, Scope
from tools.embedded_aws.cloudformation.properties import check_properties
from tools.templates.schemas import JsonValue, PropertyPath, ResourceSchema

Outcome = tuple[str, dict[str, Any]]
"""Physical id and attributes, as the emulator's provisioners return them."""


ONE_PER_REGION: dict[str, tuple[str, ...]] = {
    "AWS::AccessAnalyzer::Analyzer": ("Type",),
    "AWS::CE::AnomalyMonitor": ("MonitorType", "MonitorDimension"),
    "AWS::Config::ConfigurationRecorder": (),
    "AWS::Config::DeliveryChannel": (),
    "AWS::GuardDuty::Detector": (),
    "AWS::SecurityHub::Hub": (),
}
"""Types of which an account may have one in a region (by default quota), or one for each value of
these properties. Sources: the services' quota pages; custom anomaly monitors are not limited so."""

_UNLIMITED_MONITOR = "CUSTOM"


@dataclass(frozen=True)
class Record:
    """One resource that is recorded, not emulated."""

    resource_type: str
    physical_id: str
    stack: str
    logical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]


@dataclass
class RecordStore:
    """All recorded resources of all accounts and regions."""

    _records: dict[tuple[Scope, str, str], Record] = field(default_factory=dict)

    def put(self, scope: Scope, record: Record) -> None:
        """Add the record, or replaces the one of the same type and physical id."""
        self._records[scope, record.resource_type, record.physical_id] = record

    def get(self, scope: Scope, resource_type: str, physical_id: str) -> Record | None:
        """Return the record, or None when there is none."""
        return self._records.get((scope, resource_type, physical_id))

    def remove(self, scope: Scope, resource_type: str, physical_id: str) -> None:
        """Forget the record; removing an unknown one is no error, as for CloudFormation."""
        self._records.pop((scope, resource_type, physical_id), None)

    def of_type(self, scope: Scope, resource_type: str) -> list[Record]:
        """Return the records of one type in an account and region."""
        return [
            record
            for (place, kind, _id), record in self._records.items()
            if (place, kind) == (scope, resource_type)
        ]

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records.values()))


class RecordedResources:
    """Creates, updates and deletes resources of one type."""

    def __init__(self, schema: ResourceSchema, store: RecordStore) -> None:
        self._schema = schema
        self._store = store

    def create(
        self, scope: Scope, stack: str, logical_id: str, properties: Mapping[str, Any]
    ) -> Outcome:
        """Record a new resource.

        Raises:
            PropertiesError: The schema refuses the properties.
            ValueError: A resource of that name exists, or one where AWS allows no second.
        """
        check_properties(self._schema, logical_id, properties)
        self._refuse_second(scope, properties)
        physical_id = self._new_physical_id(scope, stack, logical_id, properties)
        if self._store.get(scope, self._schema.type_name, physical_id):
            raise ValueError(
                f"Resource of type '{self._schema.type_name}' with identifier '{physical_id}' "
                "already exists."
            )
        return self._put(scope, stack, logical_id, physical_id, properties)

    def update(
        self,
        scope: Scope,
        stack: str,
        logical_id: str,
        physical_id: str,
        properties: Mapping[str, Any],
    ) -> Outcome:
        """Change the resource in place, or makes a new one if only a creation can set a change.

        The caller deletes the predecessor of a replacement.

        Raises:
            PropertiesError: The schema refuses the properties.
            ValueError: The resource is gone, or its replacement would need the name it has.
        """
        check_properties(self._schema, logical_id, properties)
        current = self._store.get(scope, self._schema.type_name, physical_id)
        if current is None:
            raise ValueError(
                f"Resource of type '{self._schema.type_name}' with identifier '{physical_id}' "
                "was not found."
            )
        if not replaced_paths(self._schema, current.properties, properties):
            return self._put(scope, stack, logical_id, physical_id, properties)
        new_id = self._new_physical_id(scope, stack, logical_id, properties)
        if new_id == physical_id and not self._schema.deletes_before_creating:
            raise ValueError(custom_name_message(physical_id))
        return self._put(scope, stack, logical_id, new_id, properties)

    def delete(self, scope: Scope, physical_id: str) -> None:
        """Forget the resource."""
        self._store.remove(scope, self._schema.type_name, physical_id)

    def _refuse_second(self, scope: Scope, properties: Mapping[str, Any]) -> None:
        telling = ONE_PER_REGION.get(self._schema.type_name)
        if telling is None or properties.get("MonitorType") == _UNLIMITED_MONITOR:
            return
        for other in self._store.of_type(scope, self._schema.type_name):
            if all(other.properties.get(name) == properties.get(name) for name in telling):
                raise ValueError(
                    f"Account {scope.account} has a {self._schema.type_name} in {scope.region} "
                    f"already ({other.logical_id} of {other.stack}); AWS allows one."
                )

    def _new_physical_id(
        self, scope: Scope, stack: str, logical_id: str, properties: Mapping[str, Any]
    ) -> str:
        seed = secrets.token_hex(16)
        name = f"{stack}-{logical_id}-{seed[:12].upper()}"
        return AttributeMaker(self._schema, scope, properties, seed, name).physical_id()

    def _put(
        self,
        scope: Scope,
        stack: str,
        logical_id: str,
        physical_id: str,
        properties: Mapping[str, Any],
    ) -> Outcome:
        maker = AttributeMaker.of_existing(self._schema, scope, properties, physical_id)
        attributes = maker.attributes(physical_id)
        kind = self._schema.type_name
        record = Record(kind, physical_id, stack, logical_id, dict(properties), attributes)
        self._store.put(scope, record)
        return physical_id, attributes


def custom_name_message(physical_id: str) -> str:
    """Return CloudFormation's refusal of a replacement that needs the name of what it replaces."""
    return (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {physical_id} and update the stack again."
    )


def replaced_paths(
    schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[PropertyPath]:
    """Create-only properties whose value differs between `old` and `new`."""
    return [path for path in schema.create_only if _values(old, path) != _values(new, path)]


def kept_name(schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Return the identifier that the template itself gives and does not change; else None."""
    parts = [_values(new, path) for path in schema.primary_identifier]
    if None in parts or parts != [_values(old, path) for path in schema.primary_identifier]:
        return None
    return "|".join(str(part) for part in parts)


def _values(value: JsonValue, path: PropertyPath) -> JsonValue:
    if not path:
        return str(value).lower() if isinstance(value, (bool, int, float)) else value
    head, *rest = path
    if head == "*":
        return [_values(item, tuple(rest)) for item in value or ()]
    return _values(value.get(head), tuple(rest)) if isinstance(value, Mapping) else None
