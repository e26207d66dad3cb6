"""Reads the resource schemas of the CloudFormation registry from the files of cfn-lint.

A schema lists the properties of a resource type. It marks those that can be set only when the
resource is created (create-only) and those that only AWS sets (read-only).

This module does not import cfnlint: the import takes two seconds, because its rules load libraries
for graphs and algebra. It reads the data files of the package, one for each type that is used.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

FALLBACK_REGION = "us-east-1"
"""Has the most resource types. Its schemas are used for regions that cfn-lint does not list."""

JsonValue: TypeAlias = Any
"""Any value of a JSON document."""

PropertyPath = tuple[str, ...]
"""The names that lead to a nested property: ("Endpoint", "Port"); "*" is each item of an array."""


@dataclass(frozen=True, eq=False)
class ResourceSchema:
    """The schema of one resource type."""

    document: Mapping[str, Any]

    @property
    def type_name(self) -> str:
        """The resource type, such as AWS::EC2::FlowLog."""
        return str(self.document["typeName"])

    @cached_property
    def create_only(self) -> tuple[PropertyPath, ...]:
        """The properties whose change makes CloudFormation replace the resource."""
        return self._paths("createOnlyProperties")

    @cached_property
    def conditional_create_only(self) -> tuple[PropertyPath, ...]:
        """The properties of which some changes make CloudFormation replace the resource."""
        return self._paths("conditionalCreateOnlyProperties")

    @cached_property
    def read_only(self) -> tuple[PropertyPath, ...]:
        """The properties that AWS sets and `Fn::GetAtt` returns."""
        return self._paths("readOnlyProperties")

    @cached_property
    def primary_identifier(self) -> tuple[PropertyPath, ...]:
        """The properties that together identify the resource; `Ref` returns them."""
        return self._paths("primaryIdentifier")

    @property
    def deletes_before_creating(self) -> bool:
        """Whether CloudFormation replaces by deleting first, so that a fixed name can stay."""
        return self.document.get("replacementStrategy") == "delete_then_create"

    @cached_property
    def service(self) -> str:
        """The service prefix in ARNs and IAM actions, such as elasticloadbalancing.

        It is the most frequent prefix among the permissions of the resource handlers. A handler
        also needs permissions of other services (iam:PassRole, kms:Decrypt), but fewer of them.
        """
        prefixes = Counter(action.split(":")[0].lower() for action in self._permissions())
        own = self.type_name.split("::")[1].lower()
        if own in prefixes or not prefixes:
            return own
        return prefixes.most_common(1)[0][0]

    def at(self, path: PropertyPath) -> Mapping[str, Any]:
        """Return the resolved schema of the property at `path`; empty if there is none."""
        node: Mapping[str, Any] = self.document
        for name in path:
            node = self.resolve(node)
            if name == "*":
                node = node.get("items", {})
            else:
                node = node.get("properties", {}).get(name, {})
        return self.resolve(node)

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the node, or the node of this document that its `$ref` points to."""
        while "$ref" in node:
            target: Any = self.document
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target.get(part, {})
            node = target
        return node

    def _paths(self, keyword: str) -> tuple[PropertyPath, ...]:
        pointers = self.document.get(keyword, ())
        return tuple(tuple(pointer.split("/")[2:]) for pointer in pointers)

    def _permissions(self) -> Iterator[str]:
        for handler in self.document.get("handlers", {}).values():
            yield from handler.get("permissions", ())


class SchemaFiles:
    """A folder of schema files: providers/<region>.json and resources/<hash>.json."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._regions: dict[str, Mapping[str, str]] = {}
        self._schemas: dict[str, ResourceSchema] = {}

    def types(self, region: str) -> Mapping[str, str]:
        """Return the resource types of a region, each with the name of its schema file."""
        if region not in self._regions:
            file = self._folder / "providers" / f"{region}.json"
            if not file.is_file():
                file = self._folder / "providers" / f"{FALLBACK_REGION}.json"
            self._regions[region] = json.loads(file.read_bytes())
        return self._regions[region]

    def get(self, resource_type: str, region: str) -> ResourceSchema | None:
        """Return the schema of a resource type in a region; None if the region does not have it."""
        name = self.types(region).get(resource_type)
        if name is None:
            return None
        if name not in self._schemas:
            file = self._folder / "resources" / f"{name}.json"
            self._schemas[name] = ResourceSchema(json.loads(file.read_bytes()))
        return self._schemas[name]


@cache
def registry_schemas() -> SchemaFiles:
    """Return the schemas of the installed cfn-lint.

    Raises:
        ModuleNotFoundError: cfn-lint is not installed.
    """
    return SchemaFiles(_data_folder() / "schemas")


@cache
def stateful_types() -> frozenset[str]:
    """Return the resource types that hold data, for which cfn-lint asks for a deletion policy.

    Raises:
        ModuleNotFoundError: cfn-lint is not installed.
    """
    file = _data_folder() / "AdditionalSpecs" / "StatefulResources.json"
    return frozenset(json.loads(file.read_bytes())["ResourceTypes"])


def _data_folder() -> Path:
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint is not installed: pip install -r requirements-dev.txt")
    return Path(spec.submodule_search_locations[0]) / "data"
