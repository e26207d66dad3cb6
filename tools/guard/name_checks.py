"""Checks whether a replacement needs the name of the resource that it replaces.

CloudFormation creates the new resource before it deletes the old one: "You can't perform an update
that causes a custom-named resource to be replaced. If you must replace the resource, specify a new
name." ("Name type" in the CloudFormation template reference.) A resource with a new logical id but
the name of an existing one fails for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tools.guard.change import LOGICAL_ID, Change, value_at
from tools.guard.reference import ResourceId, to_json
from tools.guard.refusal import Refusal
from tools.guard.stateful_resources import deletion_policy, retains_data
from tools.guard.update import StageUpdate
from tools.templates.schemas import JsonValue, PropertyPath, ResourceSchema

_SUFFIXES = ("name", "identifier", "id")
"""The ends of properties that name a resource, such as RoleName and DBInstanceIdentifier."""


def check_names(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    """Yield the replacements and the new resources of a stack whose names are taken."""
    if stack not in update.synthesized:
        return
    for resource_id in update.deployed_resources(stack):
        yield from _check_replacement(update, resource_id)
    yield from _check_new_resources(update, stack)


def _check_replacement(update: StageUpdate, resource_id: ResourceId) -> Iterator[Refusal]:
    schema = update.schema(resource_id)
    if schema is None or schema.deletes_before_creating:
        return
    changes = update.certain_changes(resource_id)
    old = _find_name(schema, update.old_properties(resource_id))
    if changes and old and old == _find_name(schema, update.new_properties(resource_id)):
        yield Refusal(
            name=str(resource_id),
            subject=update.describe(resource_id),
            error="CloudFormation cannot update a stack when a custom-named resource requires "
            f"replacing. Rename {_format_name(old)} and update the stack again.",
            reasons=(*map(str, changes), *update.causes(changes)),
            way=(
                "Undo the change, or change the name together with it:",
                f"{', '.join(old)}. No order of the deployments helps.",
            ),
        )


def _check_new_resources(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    """Yield the new resources of a stack with the names of resources that leave their stacks."""
    for new_id in update.new_resources(stack):
        schema = update.schema(new_id)
        name = _find_name(schema, update.new_properties(new_id)) if schema else None
        if schema is None or name is None:
            continue
        for old_id in update.removed_resources(update.new_resource(new_id)["Type"]):
            if name == _find_name(schema, update.old_properties(old_id)):
                yield from _check_taken_name(update, old_id, new_id, _format_name(name))


def _check_taken_name(
    update: StageUpdate, old_id: ResourceId, new_id: ResourceId, name: str
) -> Iterator[Refusal]:
    """Yield a refusal unless the stack that has the name is updated first, and frees it."""
    resource = update.old_resource(old_id)
    order = list(update.synthesized)
    is_retained = retains_data(deletion_policy(resource)) or old_id.stack not in order
    if is_retained:
        way = "Undo the change: the old resource, and with it the name, stays after its removal."
    elif old_id.stack == new_id.stack:
        way = "Keep the old logical id (CfnResource.override_logical_id), or change the name too."
    elif order.index(old_id.stack) < order.index(new_id.stack):
        return
    else:
        way = f"Deploy {old_id.stack} first: {update.exclusive_deployment(old_id.stack)}"
    yield Refusal(
        name=str(new_id),
        subject=update.describe(old_id),
        error=f"{resource['Type']} {name} already exists",
        reasons=(str(Change(LOGICAL_ID, str(old_id), str(new_id))),),
        way=(way,),
    )


def _find_name(
    schema: ResourceSchema, properties: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue] | None:
    """Return the properties that name a resource; None if AWS generates its name."""
    names = {"/".join(path): value_at(path, properties) for path in _name_paths(schema)}
    is_named = bool(names) and None not in names.values()
    return names if is_named else None


def _name_paths(schema: ResourceSchema) -> Sequence[PropertyPath]:
    """Return the properties that identify a resource of a type and that a template can set.

    Where AWS assigns the identifier, such as an ARN, the name is the create-only property that is
    called like the type: NodegroupName of AWS::EKS::Nodegroup, but not its ClusterName.
    """
    identifier = schema.primary_identifier
    if identifier and not set(identifier) & set(schema.read_only):
        return identifier
    own_type = schema.type_name.rpartition("::")[2].lower()
    return [
        path
        for path in schema.create_only
        if "*" not in path and _is_called_like(path[-1].lower(), own_type)
    ]


def _is_called_like(name: str, own_type: str) -> bool:
    """Return whether a property is `name`, or a part of the type with one of the suffixes."""
    if name == "name":
        return True
    stems = [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]
    return any(own_type.endswith(stem) or stem.endswith(own_type) for stem in stems if stem)


def _format_name(name: Mapping[str, JsonValue]) -> str:
    return "|".join(
        str(value) if isinstance(value, str) else to_json(value) for value in name.values()
    )
