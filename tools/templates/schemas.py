"""The CloudFormation registry schemas, read from the files that cfn-lint ships.

They say of every resource type which properties exist, which of them only a creation can set and
which only AWS sets. `import cfnlint` takes two seconds (its rules load a graph and an algebra
library), so only its data files are read, one file per resource type in use.
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
"""Whose schemas serve a region that cfn-lint has no list for; it has the most types."""

JsonValue: TypeAlias = Any
"""A value out of a JSON document, of whatever shape."""

PropertyPath = tuple[str, ...]
"""Names from a resource's properties inwards: ("Endpoint", "Port"); "*" is any array item."""


@dataclass(frozen=True, eq=False)
class ResourceSchema:
    """What the registry knows of one resource type."""

    document: Mapping[str, Any]

    @property
    def type_name(self) -> str:
        """The type as a template names it, such as AWS::EC2::FlowLog."""
        return str(self.document["typeName"])

    @cached_property
    def create_only(self) -> tuple[PropertyPath, ...]:
        """Properties whose change makes CloudFormation replace the resource."""
        return self._paths("createOnlyProperties")

    @cached_property
    def conditional_create_only(self) -> tuple[PropertyPath, ...]:
        """Properties of which some changes make CloudFormation replace the resource."""
        return self._paths("conditionalCreateOnlyProperties")

    @cached_property
    def read_only(self) -> tuple[PropertyPath, ...]:
        """Properties that AWS sets and `Fn::GetAtt` reads."""
        return self._paths("readOnlyProperties")

    @cached_property
    def primary_identifier(self) -> tuple[PropertyPath, ...]:
        """Properties that together identify the resource; `Ref` returns them."""
        return self._paths("primaryIdentifier")

    @property
    def deletes_before_creating(self) -> bool:
        """Whether a replacement may carry the old name, since the old one goes first."""
        return self.document.get("replacementStrategy") == "delete_then_create"

    @cached_property
    def service(self) -> str:
        """The service as ARNs and IAM actions name it, such as elasticloadbalancing.

        It is the prefix that most of the handlers' permissions carry; a creation also needs
        permissions of other services (iam:PassRole, kms:Decrypt), but fewer.
        """
        prefixes = Counter(action.split(":")[0].lower() for action in self._permissions())
        own = self.type_name.split("::")[1].lower()
        if own in prefixes or not prefixes:
            return own
        return prefixes.most_common(1)[0][0]

    def at(self, path: PropertyPath) -> Mapping[str, Any]:
        """Return the schema of the property at `path`, resolved; empty when there is none."""
        node: Mapping[str, Any] = self.document
        for name in path:
            node = self.resolve(node)
            if name == "*":
                node = node.get("items", {})
            else:
                node = node.get("properties", {}).get(name, {})
        return self.resolve(node)

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """`node`, or what its `$ref` into this document points to."""
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
    """The schema files in one folder: providers/<region>.json and resources/<hash>.json."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._regions: dict[str, Mapping[str, str]] = {}
        self._schemas: dict[str, ResourceSchema] = {}

    def types(self, region: str) -> Mapping[str, str]:
        """Resource types that CloudFormation has in `region`, each with its file's name."""
        if region not in self._regions:
            file = self._folder / "providers" / f"{region}.json"
            if not file.is_file():
                file = self._folder / "providers" / f"{FALLBACK_REGION}.json"
            self._regions[region] = json.loads(file.read_bytes())
        return self._regions[region]

    def get(self, resource_type: str, region: str) -> ResourceSchema | None:
        """Return the schema of a type as `region` has it; None when it lacks the type."""
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
    """Return the resource types that cfn-lint wants a deletion policy for: they hold data.

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
