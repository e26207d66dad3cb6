"""The templates of a stage as a graph: its resources, their references and their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.synthesis import ACCOUNT, SynthesizedStage, Template
from tools.guard.reference import Reference, ResourceId, find_references, is_function
from tools.guard.resolution import Resolver
from tools.guard.templates import StackTemplate, resource_ids

_PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}


@dataclass(frozen=True)
class Use:
    """A property of a resource that refers to another resource."""

    user: ResourceId
    property: str
    """The names that lead to the property: `Targets.*.Arn`, in which `*` is each item of a list."""
    target: ResourceId


class StageGraph:
    """The resources of a stage. Exports lead from the stack that imports to the one that exports.

    The stacks have the last part of their names, such as `security`.
    """

    def __init__(self, templates: Mapping[str, Template], region: str) -> None:
        self.region = region
        self._templates = {
            name: StackTemplate(name, region, ACCOUNT, template, _PSEUDO_PARAMETERS)
            for name, template in templates.items()
        }
        self._resolver = Resolver(self._templates)
        self._properties: dict[ResourceId, dict[str, Any]] = {}
        self._ancestors: dict[ResourceId, frozenset[ResourceId]] = {}

    @classmethod
    def of(cls, stage: SynthesizedStage) -> StageGraph:
        return cls(stage.templates, stage.settings.region)

    @cached_property
    def resources(self) -> list[ResourceId]:
        return resource_ids(self._templates)

    def resource(self, resource_id: ResourceId) -> Mapping[str, Any]:
        """Return the resource as the template has it."""
        return self._templates[resource_id.stack].resources[resource_id.logical_id]

    def type(self, resource_id: ResourceId) -> str:
        return str(self.resource(resource_id)["Type"])

    def of_type(self, *types: str) -> Iterator[ResourceId]:
        return (each for each in self.resources if self.type(each) in types)

    def properties(self, resource_id: ResourceId) -> dict[str, Any]:
        """Return the properties, in which references are `Reference` objects."""
        if resource_id not in self._properties:
            self._properties[resource_id] = self._resolver.properties(resource_id)
        return self._properties[resource_id]

    @cached_property
    def uses(self) -> list[Use]:
        """Every reference of a property to a resource, once for each property and target."""
        found = (
            Use(resource_id, path, reference.target)
            for resource_id in self.resources
            for path, reference in _walk(self.properties(resource_id), "")
        )
        return list(dict.fromkeys(found))

    def precedes(self, first: ResourceId, second: ResourceId) -> bool:
        """Return whether CloudFormation creates the second resource only after the first one.

        `Ref`, `Fn::GetAtt` and `DependsOn` order the resources of a stack. A stack is created
        before each stack that imports its exports.
        """
        if first.stack == second.stack:
            return first in self.ancestors(second)
        return first.stack in self._earlier_stacks[second.stack]

    def ancestors(self, resource_id: ResourceId) -> frozenset[ResourceId]:
        """Return the resources of the stack that the resource waits for."""
        if resource_id not in self._ancestors:
            parents = self._parents[resource_id]
            further = (self.ancestors(parent) for parent in parents)
            self._ancestors[resource_id] = frozenset(parents).union(*further)
        return self._ancestors[resource_id]

    @cached_property
    def _parents(self) -> Mapping[ResourceId, set[ResourceId]]:
        parents: dict[ResourceId, set[ResourceId]] = defaultdict(set)
        for use in self.uses:
            if use.user.stack == use.target.stack:
                parents[use.user].add(use.target)
        for resource_id in self.resources:
            names = self.resource(resource_id).get("DependsOn", [])
            for name in [names] if isinstance(names, str) else names:
                parents[resource_id].add(ResourceId(resource_id.stack, name))
        return parents

    @cached_property
    def _earlier_stacks(self) -> Mapping[str, set[str]]:
        """The stacks that are deployed before a stack, by its name."""
        direct: dict[str, set[str]] = {name: set() for name in self._templates}
        for use in self.uses:
            if use.user.stack != use.target.stack:
                direct[use.user.stack].add(use.target.stack)

        def earlier(name: str) -> set[str]:
            return direct[name].union(*(earlier(other) for other in direct[name]))

        return {name: earlier(name) for name in direct}


def _walk(value: Any, path: str) -> Iterator[tuple[str, Reference]]:
    """Yield the references in a value, each with its path. A function is no part of a path."""
    if isinstance(value, Reference) or (isinstance(value, Mapping) and is_function(value)):
        for reference in find_references(value):
            yield path, reference
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _walk(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, f"{path}.*")
