"""Compares the deployed templates of a stage with the synthesized ones."""

from __future__ import annotations

from collections.abc import Iterator

from tools.guard.change import ABSENT, Change
from tools.guard.finding import Finding, Impact
from tools.guard.namespace_checks import check_namespaces
from tools.guard.reference import ResourceId
from tools.guard.resource_checks import check_resource
from tools.guard.stateful_resources import MANIFEST_TYPE, is_stateful, namespaces_in
from tools.guard.templates import Templates
from tools.guard.update import StageUpdate
from tools.templates.schemas import SchemaFiles


def compare(deployed: Templates, synthesized: Templates, schemas: SchemaFiles) -> list[Finding]:
    """Return the findings about a deployment of the synthesized templates.

    A stack that is not deployed has no findings. A deployed stack that is no longer synthesized is
    a finding of its own: `cdk deploy` does not delete it, so nothing updates it any longer.
    """
    update = StageUpdate(deployed, synthesized, schemas)
    return [finding for stack in deployed for finding in _check_stack(update, stack)]


def _check_stack(update: StageUpdate, stack: str) -> Iterator[Finding]:
    stateful = [id_ for id_ in update.deployed_resources(stack) if _holds_data(update, id_)]
    if stack not in update.synthesized:
        if stateful:
            types = {update.old_resource(resource_id)["Type"] for resource_id in stateful}
            yield _stack_left_behind(stack, types)
        return
    for resource_id in stateful:
        if update.old_resource(resource_id)["Type"] == MANIFEST_TYPE:
            yield from check_namespaces(update, resource_id)
        else:
            yield from check_resource(update, resource_id)


def _holds_data(update: StageUpdate, resource_id: ResourceId) -> bool:
    resource = update.old_resource(resource_id)
    if resource["Type"] == MANIFEST_TYPE:
        return bool(namespaces_in(update.old_properties(resource_id)))
    return is_stateful(resource)


def _stack_left_behind(stack: str, stateful_types: set[str]) -> Finding:
    types = ", ".join(sorted(stateful_types))
    return Finding(
        stack=stack,
        logical_id="",
        construct_path=stack,
        resource_type="AWS::CloudFormation::Stack",
        impact=Impact.LEFT_BEHIND,
        changes=(Change("StackName", stack, ABSENT),),
        reasons=(f"the stage has no such stack any more: {types}",),
        loss="nothing yet: the CDK leaves the stack; but no deploy looks after it any more",
    )
