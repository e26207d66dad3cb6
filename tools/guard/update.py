"""The update of a stage by a deployment, and the resources that it replaces or removes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tools.guard.change import ABSENT, LOGICAL_ID, Change, find_change
from tools.guard.conditional_properties import is_updated_in_place
from tools.guard.finding import Finding, Impact
from tools.guard.reference import ResourceId, TargetChange, find_references
from tools.guard.resolution import Resolver
from tools.guard.stateful_resources import Resource
from tools.guard.templates import Templates, construct_path, has_resource, resource_ids
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
        self.before = Resolver(deployed)
        self._old_properties = {
            resource_id: self.before.properties(resource_id)
            for resource_id in resource_ids(deployed)
            if self.before.condition(resource_id) is not False
        }
        self.after, self.replacements = self._follow_replacements()

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
        return self.after.properties(resource_id)

    def new_resources(self, stack: str) -> list[ResourceId]:
        """Return the synthesized resources of a stack that are not deployed."""
        return [
            resource_id
            for resource_id in resource_ids(self.synthesized)
            if resource_id.stack == stack and not has_resource(self.deployed, resource_id)
        ]

    def removed_resources(self, resource_type: str) -> list[ResourceId]:
        """Return the deployed resources of a type that are not synthesized any more."""
        return [
            resource_id
            for resource_id in self._old_properties
            if self.old_resource(resource_id)["Type"] == resource_type
            and not has_resource(self.synthesized, resource_id)
        ]

    def schema(self, resource_id: ResourceId) -> ResourceSchema | None:
        """Return the schema of a resource; None for a custom resource."""
        stage = self.deployed if has_resource(self.deployed, resource_id) else self.synthesized
        stack = stage[resource_id.stack]
        resource_type = stack.resources[resource_id.logical_id]["Type"]
        return self._schemas.get(resource_type, stack.region)

    def describe(self, resource_id: ResourceId) -> str:
        """Return the type and the construct path of a deployed resource."""
        resource = self.old_resource(resource_id)
        return f"{resource['Type']}, {construct_path(resource, resource_id.logical_id)}"

    def removal(self, resource_id: ResourceId) -> Changes:
        """Return the changes that remove a resource from its stack; empty if it stays."""
        old_type = self.old_resource(resource_id)["Type"]
        if not has_resource(self.synthesized, resource_id):
            added = ", ".join(map(str, self._added_resources(old_type)))
            return (Change(LOGICAL_ID, resource_id.logical_id, added or ABSENT),)
        new_type = self.new_resource(resource_id)["Type"]
        if new_type != old_type:
            return (Change("Type", old_type, new_type),)
        before, after = self.before.condition(resource_id), self.after.condition(resource_id)
        return () if after is True or after == before else (Change("Condition", before, after),)

    def certain_changes(self, resource_id: ResourceId) -> Changes:
        """Return the changes that replace a resource whatever its other properties are.

        A property that is create-only in some cases is not among them: the rules of
        conditional_properties.py count a change as a replacement if they do not know the case.
        """
        schema = self.schema(resource_id)
        create_only = schema.create_only if schema else ()
        names = {"Type", *("/".join(path) for path in create_only)}
        return tuple(c for c in self.replacements.get(resource_id, ()) if c.name in names)

    def owners_of_new_outputs(self, stack: str) -> set[str]:
        """Return the other stacks with outputs that a stack will read and that are not deployed."""
        exports = self.after.imports(stack) & self.after.exports.keys() - self.before.exports.keys()
        owners = {self.after.exports[name].stack.name for name in exports}
        for owner, output in self.after.outputs_read(stack):
            is_deployed = owner in self.deployed and output in self.deployed[owner].outputs
            if owner in self.synthesized and not is_deployed:
                owners.add(owner)
        return owners - {stack}

    def exclusive_deployment(self, stack: str) -> str:
        """Return the command that deploys a synthesized stack, and no stack before it."""
        path = self.synthesized[stack].construct_path
        stage = path.split("/")[0]
        return f"python3 dev.py cdk deploy {path} --exclusively -c stage={stage}"

    def causes(self, changes: Changes) -> tuple[str, ...]:
        """Return why the resources are replaced that the new values of changes refer to."""
        return tuple(self._causes(changes, set()))

    def finding(
        self, resource_id: ResourceId, impact: Impact, changes: Changes, loss: str
    ) -> Finding:
        """Return a finding about a deployed resource, with the causes of its changes."""
        resource = self.old_resource(resource_id)
        return Finding(
            stack=resource_id.stack,
            logical_id=resource_id.logical_id,
            construct_path=construct_path(resource, resource_id.logical_id),
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
        schema = self.schema(resource_id)
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
        is_custom = self.schema(resource_id) is None
        return is_custom and after.properties(resource_id) != self._old_properties[resource_id]

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
