"""Finds what a deploy would replace, delete or leave unprotected.

A change of a create-only property replaces a resource; that changes whatever refers to it, which
may be create-only there. So replacements are followed from resource to resource and from stack to
stack until no more are found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.guard import conditional, stateful
from tools.guard.finding import ABSENT, LOGICAL_ID, Change, Finding, Impact
from tools.guard.resolution import Resolver
from tools.guard.templates import Address, Templates
from tools.templates.schemas import PropertyPath, ResourceSchema, SchemaFiles

_REPLACED = "replaced"
_UPDATED = "updated"
"""Marks a custom resource: nobody knows which of its attributes its function changes."""
_REPLACED_ADDRESS = re.compile(rf'"([\w-]+)/(\w+) \({_REPLACED}\)"')


def compare(deployed: Templates, synthesized: Templates, schemas: SchemaFiles) -> list[Finding]:
    """Return what a deploy of the synthesized templates would do to stateful resources.

    A stack that is not deployed has no findings. A deployed stack that is no longer synthesized is
    a finding of its own: `cdk deploy` does not delete it, so nothing updates it any longer.
    """
    comparison = _Comparison(deployed, synthesized, schemas)
    return [finding for stack in deployed for finding in comparison.findings(stack)]


class _Comparison:
    def __init__(self, deployed: Templates, synthesized: Templates, schemas: SchemaFiles) -> None:
        self._deployed = deployed
        self._synthesized = synthesized
        self._schemas = schemas
        self._before = Resolver(deployed)
        self._old = {
            (stack, logical_id): self._before.properties(stack, logical_id)
            for stack, template in deployed.items()
            for logical_id in template.resources
            if self._before.condition(stack, logical_id) is not False
        }
        self._replaced: dict[Address, tuple[Change, ...]] = {}
        self._after = self._follow_replacements()

    def _follow_replacements(self) -> Resolver:
        marks: dict[Address, str] = {}
        while True:
            after = Resolver(self._synthesized, marks)
            found: dict[Address, str] = {}
            for address in self._old:
                if not self._is_in(self._synthesized, address):
                    continue
                changes = self._replacing_changes(address, after)
                if changes:
                    self._replaced[address] = changes
                    found[address] = _REPLACED
                elif self._is_unpredictable(address, after):
                    found[address] = _UPDATED
            if found == marks:
                return after
            marks = found

    def _is_unpredictable(self, address: Address, after: Resolver) -> bool:
        """Whether a custom resource is updated, which may change any of its attributes."""
        known = self._schema(address) is not None
        return not known and after.properties(*address) != self._old[address]

    def _replacing_changes(self, address: Address, after: Resolver) -> tuple[Change, ...]:
        old_type, new_type = (
            stage[address[0]].resources[address[1]]["Type"]
            for stage in (self._deployed, self._synthesized)
        )
        if old_type != new_type:
            return (Change("Type", old_type, new_type),)
        schema = self._schema(address)
        if schema is None:
            return ()
        old, new = self._old[address], after.properties(*address)
        differing = [
            change
            for path in schema.create_only + schema.conditional_create_only
            if (change := _change(path, old, new))
            and not (
                path in schema.conditional_create_only
                and conditional.stays(old_type, path[0], old, new)
            )
        ]
        return tuple(differing)

    def findings(self, stack: str) -> Iterator[Finding]:
        """Yield what would happen to the stateful resources of a deployed stack."""
        if stack not in self._synthesized:
            yield from self._left_behind(stack)
            return
        for address in [address for address in self._old if address[0] == stack]:
            resource = self._deployed[stack].resources[address[1]]
            if resource["Type"] == stateful.MANIFEST:
                yield from self._manifest(address)
            elif stateful.is_stateful(resource):
                yield from self._stateful(address)

    def _stateful(self, address: Address) -> Iterator[Finding]:
        stack, logical_id = address
        old = self._deployed[stack].resources[logical_id]
        if (deletion := self._deletion(address)) is not None:
            policy = stateful.deletion_policy(old)
            yield self._finding(address, Impact.REMOVED, deletion, _loss(old["Type"], policy))
            return
        new = self._synthesized[stack].resources[logical_id]
        if address in self._replaced:
            policy = stateful.replacement_policy(new)
            loss = _loss(old["Type"], policy)
            yield self._finding(address, Impact.REPLACED, self._replaced[address], loss)
        loosened = tuple(_loosened(old, new))
        if loosened:
            loss = f"with the next deletion or replacement: {stateful.contents(old['Type'])}"
            yield self._finding(address, Impact.UNPROTECTED, loosened, loss)
        generated = _change(
            ("GenerateSecretString",), self._old[address], self._after.properties(*address)
        )
        if old["Type"] == "AWS::SecretsManager::Secret" and generated and generated.new is not None:
            loss = "the value: the new one is not what the other systems know, so they refuse it"
            yield self._finding(address, Impact.REGENERATED, (generated,), loss)

    def _manifest(self, address: Address) -> Iterator[Finding]:
        """The namespaces of a manifest: gone with it, with its cluster, or pruned out of it."""
        old = self._old[address]
        before = stateful.namespaces(old)
        if not before:
            return
        loss = stateful.contents(stateful.MANIFEST)
        deletion = self._deletion(address)
        if deletion is not None:
            yield self._finding(address, Impact.REMOVED, deletion, loss)
            return
        new = self._after.properties(*address)
        moved = _change(("ClusterName",), old, new)
        # A cluster that is replaced is a finding itself, and its namespaces are in that.
        if moved and not _REPLACED_ADDRESS.search(json.dumps(moved.new)):
            yield self._finding(address, Impact.REPLACED, (moved,), loss)
        gone = sorted(before - stateful.namespaces(new))
        if gone and "PruneLabel" in old:
            changes = tuple(Change(f"Manifest/Namespace/{name}", name, ABSENT) for name in gone)
            yield self._finding(address, Impact.NAMESPACE_DELETED, changes, loss)

    def _deletion(self, address: Address) -> tuple[Change, ...] | None:
        """Return why a resource leaves its stack; None: it stays."""
        stack, logical_id = address
        resources = self._synthesized[stack].resources
        old_type = self._deployed[stack].resources[logical_id]["Type"]
        if logical_id not in resources:
            new = [
                f"{name}/{other}"
                for name, template in self._synthesized.items()
                for other, resource in template.resources.items()
                if resource["Type"] == old_type and not self._is_in(self._deployed, (name, other))
            ]
            return (Change(LOGICAL_ID, logical_id, ", ".join(new) or ABSENT),)
        if resources[logical_id]["Type"] != old_type:
            return (Change("Type", old_type, resources[logical_id]["Type"]),)
        before = self._before.condition(stack, logical_id)
        after = self._after.condition(stack, logical_id)
        return None if after is True or after == before else (Change("Condition", before, after),)

    def _left_behind(self, stack: str) -> Iterator[Finding]:
        held = [
            resource["Type"]
            for logical_id, resource in self._deployed[stack].resources.items()
            if (stack, logical_id) in self._old
            and (
                bool(stateful.namespaces(self._old[stack, logical_id]))
                if resource["Type"] == stateful.MANIFEST
                else stateful.is_stateful(resource)
            )
        ]
        if held:
            reason = "the stage has no such stack any more: " + ", ".join(sorted(set(held)))
            yield Finding(
                stack=stack,
                logical_id="",
                construct=stack,
                resource_type="AWS::CloudFormation::Stack",
                impact=Impact.LEFT_BEHIND,
                changes=(Change("StackName", stack, ABSENT),),
                reasons=(reason,),
                loss="nothing yet: the CDK leaves the stack; but no deploy looks after it any more",
            )

    def _finding(
        self, address: Address, impact: Impact, changes: tuple[Change, ...], loss: str
    ) -> Finding:
        stack, logical_id = address
        resource = self._deployed[stack].resources[logical_id]
        return Finding(
            stack=stack,
            logical_id=logical_id,
            construct=_construct(resource, logical_id),
            resource_type=resource["Type"],
            impact=impact,
            changes=changes,
            reasons=(*map(str, changes), *self._behind(changes, {address})),
            loss=loss,
        )

    def _behind(self, changes: tuple[Change, ...], told: set[Address]) -> Iterator[str]:
        """Say why the resources are replaced that the changed properties refer to."""
        for change in changes:
            for match in _REPLACED_ADDRESS.finditer(json.dumps(change.new)):
                address = (match[1], match[2])
                if address in told:
                    continue
                told.add(address)
                causes = self._replaced[address]
                yield f"{match[1]}/{match[2]} is replaced: {'; '.join(map(str, causes))}"
                yield from self._behind(causes, told)

    def _schema(self, address: Address) -> ResourceSchema | None:
        template = self._deployed[address[0]]
        return self._schemas.get(template.resources[address[1]]["Type"], template.region)

    @staticmethod
    def _is_in(stage: Templates, address: Address) -> bool:
        return address[0] in stage and address[1] in stage[address[0]].resources


def _change(path: PropertyPath, old: Any, new: Any) -> Change | None:  # noqa: ANN401 - JSON
    before, after = _at(path, old), _at(path, new)
    return None if before == after else Change("/".join(path), before, after)


def _at(path: PropertyPath, node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what stands at a path; where a reference stands on the way, that."""
    for position, name in enumerate(path):
        if isinstance(node, list) and name == "*":
            return [_at(path[position + 1 :], item) for item in node]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1 and (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::")):
            return node
        node = node.get(name, ABSENT)
    return node


def _loosened(old: stateful.Resource, new: stateful.Resource) -> Iterator[Change]:
    policies = {
        "DeletionPolicy": stateful.deletion_policy,
        "UpdateReplacePolicy": stateful.replacement_policy,
    }
    for name, policy in policies.items():
        if stateful.keeps(policy(old)) and not stateful.keeps(policy(new)):
            yield Change(name, policy(old), policy(new))


def _loss(resource_type: str, policy: str) -> str:
    held = stateful.contents(resource_type)
    match policy:
        case "Delete":
            return held
        case "Snapshot":
            return f"{held}; a final snapshot stays"
        case _:
            return f"{held}; the old one stays, but unused and managed by nobody"


def _construct(resource: stateful.Resource, logical_id: str) -> str:
    return str(resource.get("Metadata", {}).get("aws:cdk:path", logical_id))
