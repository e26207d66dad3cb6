"""Handles the resource types that the emulator lacks: checks their resources and records them.

A recorded resource does nothing, and each list of resources says so. But properties that
CloudFormation refuses are refused, changes that need a replacement replace the resource, and `Ref`
and `Fn::GetAtt` return values in AWS's formats.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.embedded_aws.cloudformation.attributes import AttributeGenerator, Scope
from tools.embedded_aws.cloudformation.properties import check_properties
from tools.templates.schemas import JsonValue, PropertyPath, ResourceSchema

Outcome = tuple[str, dict[str, Any]]
"""Physical id and attributes, in the form that the emulator's provisioners return."""


ONE_PER_REGION: dict[str, tuple[str, ...]] = {
    "AWS::AccessAnalyzer::Analyzer": ("Type",),
    "AWS::CE::AnomalyMonitor": ("MonitorType", "MonitorDimension"),
    "AWS::Config::ConfigurationRecorder": (),
    "AWS::Config::DeliveryChannel": (),
    "AWS::GuardDuty::Detector": (),
    "AWS::SecurityHub::Hub": (),
}
"""The resource types of which an account can have one in a region, or one for each combination of
these properties. Source: the quotas in the services' user guides. Custom anomaly monitors have
another quota."""

_UNLIMITED_MONITOR = "CUSTOM"


@dataclass(frozen=True)
class Record:
    """A resource that is recorded, not emulated."""

    resource_type: str
    physical_id: str
    stack: str
    logical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]


@dataclass
class RecordStore:
    """The recorded resources of all accounts and regions."""

    _records: dict[tuple[Scope, str, str], Record] = field(default_factory=dict)

    def put(self, scope: Scope, record: Record) -> None:
        """Add the record, or replace the record with the same type and physical id."""
        self._records[scope, record.resource_type, record.physical_id] = record

    def get(self, scope: Scope, resource_type: str, physical_id: str) -> Record | None:
        """Return the record, or None when there is none."""
        return self._records.get((scope, resource_type, physical_id))

    def remove(self, scope: Scope, resource_type: str, physical_id: str) -> None:
        """Remove the record, if there is one."""
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
            PropertiesError: the schema refuses the properties.
            ValueError: a resource with that name exists, or the account has reached the quota.
        """
        check_properties(self._schema, logical_id, properties)
        self._check_quota(scope, properties)
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
        """Update the resource, or create its replacement if a create-only property changes.

        The caller deletes the replaced resource.

        Raises:
            PropertiesError: the schema refuses the properties.
            ValueError: the resource does not exist, or the replacement would have the same name.
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
        """Remove the resource."""
        self._store.remove(scope, self._schema.type_name, physical_id)

    def _check_quota(self, scope: Scope, properties: Mapping[str, Any]) -> None:
        distinguishing = ONE_PER_REGION.get(self._schema.type_name)
        if distinguishing is None or properties.get("MonitorType") == _UNLIMITED_MONITOR:
            return
        for other in self._store.of_type(scope, self._schema.type_name):
            if all(other.properties.get(name) == properties.get(name) for name in distinguishing):
                raise ValueError(
                    f"Account {scope.account} has a {self._schema.type_name} in {scope.region} "
                    f"already ({other.logical_id} of {other.stack}); AWS allows one."
                )

    def _new_physical_id(
        self, scope: Scope, stack: str, logical_id: str, properties: Mapping[str, Any]
    ) -> str:
        seed = secrets.token_hex(16)
        name = f"{stack}-{logical_id}-{seed[:12].upper()}"
        return AttributeGenerator(self._schema, scope, properties, seed, name).physical_id()

    def _put(
        self,
        scope: Scope,
        stack: str,
        logical_id: str,
        physical_id: str,
        properties: Mapping[str, Any],
    ) -> Outcome:
        generator = AttributeGenerator.of_existing(self._schema, scope, properties, physical_id)
        attributes = generator.attributes(physical_id)
        kind = self._schema.type_name
        record = Record(kind, physical_id, stack, logical_id, dict(properties), attributes)
        self._store.put(scope, record)
        return physical_id, attributes


def custom_name_message(physical_id: str) -> str:
    """Return CloudFormation's message about a replacement that would have the same name."""
    return (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {physical_id} and update the stack again."
    )


def replaced_paths(
    schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[PropertyPath]:
    """Return the create-only properties whose values differ between `old` and `new`."""
    return [path for path in schema.create_only if _values(old, path) != _values(new, path)]


def kept_name(schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Return the identifier if the template sets it and does not change it; else None."""
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
