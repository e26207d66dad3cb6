"""The update of a stage by a deployment, and the resources that it replaces or removes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tools.guard.change import ABSENT, LOGICAL_ID, Change, find_change
from tools.guard.conditional_properties import is_updated_in_place
from tools.guard.finding import Finding, Impact
from tools.guard.reference import ResourceId, TargetChange, find_references
from tools.guard.resolution import Resolver
from tools.guard.stateful_resources import Resource
from tools.guard.templates import Templates, has_resource, resource_ids
from tools.templates.schemas import JsonValue, ResourceSchema, SchemaFiles

Changes = tuple[Change, ...]


class StageUpdate:
    """The update from the deployed templates of a stage to the synthesized ones.

    A change of a create-only property replaces a resource. The replacement changes each property
    that refers to the resource, and that property can be create-only too. The update follows
    replacements from resource to resource and from stack to stack until it finds no more.
    """

    def __init__(self, deployed: Templates, synthesized: Templates, schemas: SchemaFiles) -> None:
        """Find the replacements.

        Args:
            deployed: the templates before the update.
            synthesized: the templates after the update.
            schemas: the resource schemas, which list the create-only properties.
        """
        self.deployed = deployed
        self.synthesized = synthesized
        self._schemas = schemas
        self._before = Resolver(deployed)
        self._old_properties = {
            resource_id: self._before.properties(resource_id)
            for resource_id in resource_ids(deployed)
            if self._before.condition(resource_id) is not False
        }
        self._after, self.replacements = self._follow_replacements()

    def deployed_resources(self, stack: str) -> list[ResourceId]:
        """Return the deployed resources of a stack, except those whose condition is false."""
        return [resource_id for resource_id in self._old_properties if resource_id.stack == stack]

    def old_resource(self, resource_id: ResourceId) -> Resource:
        """Return a resource of the deployed templates."""
        return self.deployed[resource_id.stack].resources[resource_id.logical_id]

    def new_resource(self, resource_id: ResourceId) -> Resource:
        """Return a resource of the synthesized templates."""
        return self.synthesized[resource_id.stack].resources[resource_id.logical_id]

    def old_properties(self, resource_id: ResourceId) -> Mapping[str, JsonValue]:
        """Return the resolved properties of a resource before the update."""
        return self._old_properties[resource_id]

    def new_properties(self, resource_id: ResourceId) -> Mapping[str, JsonValue]:
        """Return the resolved properties of a resource after the update."""
        return self._after.properties(resource_id)

    def removal(self, resource_id: ResourceId) -> Changes:
        """Return the changes that remove a resource from its stack; empty if it stays."""
        old_type = self.old_resource(resource_id)["Type"]
        if not has_resource(self.synthesized, resource_id):
            added = ", ".join(map(str, self._added_resources(old_type)))
            return (Change(LOGICAL_ID, resource_id.logical_id, added or ABSENT),)
        new_type = self.new_resource(resource_id)["Type"]
        if new_type != old_type:
            return (Change("Type", old_type, new_type),)
        before, after = self._before.condition(resource_id), self._after.condition(resource_id)
        return () if after is True or after == before else (Change("Condition", before, after),)

    def finding(
        self, resource_id: ResourceId, impact: Impact, changes: Changes, loss: str
    ) -> Finding:
        """Return a finding about a deployed resource, with the causes of its changes."""
        resource = self.old_resource(resource_id)
        metadata = resource.get("Metadata", {})
        return Finding(
            stack=resource_id.stack,
            logical_id=resource_id.logical_id,
            construct_path=str(metadata.get("aws:cdk:path", resource_id.logical_id)),
            resource_type=resource["Type"],
            impact=impact,
            changes=changes,
            reasons=(*map(str, changes), *self._causes(changes, {resource_id})),
            loss=loss,
        )

    def _follow_replacements(self) -> tuple[Resolver, Mapping[ResourceId, Changes]]:
        kept = [
            resource_id
            for resource_id in self._old_properties
            if has_resource(self.synthesized, resource_id)
        ]
        target_changes: dict[ResourceId, TargetChange] = {}
        while True:
            after = Resolver(self.synthesized, target_changes)
            replacements = {
                resource_id: changes
                for resource_id in kept
                if (changes := self._replacing_changes(resource_id, after))
            }
            updated = [
                resource_id
                for resource_id in kept
                if self._is_updated_custom_resource(resource_id, after)
            ]
            previous = target_changes
            target_changes = dict.fromkeys(updated, TargetChange.UPDATED)
            target_changes |= dict.fromkeys(replacements, TargetChange.REPLACED)
            if target_changes == previous:
                return after, replacements

    def _replacing_changes(self, resource_id: ResourceId, after: Resolver) -> Changes:
        """Return the changes that make CloudFormation replace a resource."""
        old_type, new_type = (
            resource["Type"]
            for resource in (self.old_resource(resource_id), self.new_resource(resource_id))
        )
        if old_type != new_type:
            return (Change("Type", old_type, new_type),)
        schema = self._schema(resource_id)
        if schema is None:
            return ()
        old, new = self._old_properties[resource_id], after.properties(resource_id)
        conditional = [
            path
            for path in schema.conditional_create_only
            if not is_updated_in_place(old_type, path[0], old, new)
        ]
        paths = (*schema.create_only, *conditional)
        return tuple(change for path in paths if (change := find_change(path, old, new)))

    def _is_updated_custom_resource(self, resource_id: ResourceId, after: Resolver) -> bool:
        is_custom = self._schema(resource_id) is None
        return is_custom and after.properties(resource_id) != self._old_properties[resource_id]

    def _schema(self, resource_id: ResourceId) -> ResourceSchema | None:
        region = self.deployed[resource_id.stack].region
        return self._schemas.get(self.old_resource(resource_id)["Type"], region)

    def _added_resources(self, resource_type: str) -> Sequence[ResourceId]:
        """Return the resources of a type that are not deployed."""
        return [
            resource_id
            for resource_id in resource_ids(self.synthesized)
            if self.new_resource(resource_id)["Type"] == resource_type
            and not has_resource(self.deployed, resource_id)
        ]

    def _causes(self, changes: Changes, explained: set[ResourceId]) -> Iterator[str]:
        """Yield why the resources are replaced that the changed properties refer to."""
        for change in changes:
            for reference in find_references(change.new):
                target = reference.target
                if reference.target_change != TargetChange.REPLACED or target in explained:
                    continue
                explained.add(target)
                changes_of_target = self.replacements[target]
                yield f"{target} is replaced: {'; '.join(map(str, changes_of_target))}"
                yield from self._causes(changes_of_target, explained)
