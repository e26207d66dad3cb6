"""Compares the deployed templates of a stage with the synthesized ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.guard.change import ABSENT, Change
from tools.guard.export_checks import check_exports
from tools.guard.finding import Finding, Impact
from tools.guard.immutable_field_checks import check_immutable_fields
from tools.guard.manifests import MANIFEST_TYPE
from tools.guard.name_checks import check_names
from tools.guard.namespace_checks import check_namespaces
from tools.guard.one_way_checks import check_one_way_properties
from tools.guard.reference import ResourceId
from tools.guard.refusal import Refusal
from tools.guard.replication_group_checks import check_replication_groups
from tools.guard.resource_checks import check_resource
from tools.guard.stateful_resources import is_stateful, namespaces_in
from tools.guard.templates import Templates
from tools.guard.traffic_checks import check_traffic
from tools.guard.update import StageUpdate
from tools.templates.schemas import SchemaFiles


@dataclass(frozen=True)
class Comparison:
    """What a deployment of the synthesized templates would lose, and what would be refused."""

    findings: Sequence[Finding]
    refusals: Sequence[Refusal]


def compare(deployed: Templates, synthesized: Templates, schemas: SchemaFiles) -> Comparison:
    """Return the findings and the refusals of a deployment of the synthesized templates.

    A stack that is not deployed has none. A deployed stack that is no longer synthesized is a
    finding of its own: `cdk deploy` does not delete it, so nothing updates it any longer.
    """
    return check_update(StageUpdate(deployed, synthesized, schemas))


def check_update(update: StageUpdate) -> Comparison:
    """Return the findings and the refusals of an update."""
    stacks = update.deployed
    return Comparison(
        findings=[finding for stack in stacks for finding in _check_stack(update, stack)],
        refusals=[refusal for stack in stacks for refusal in _check_refusals(update, stack)],
    )


def _check_refusals(update: StageUpdate, stack: str) -> Iterator[Refusal]:
    refused_names = list(check_names(update, stack))
    yield from refused_names
    yield from check_exports(update, stack, {refusal.name for refusal in refused_names})
    yield from check_immutable_fields(update, stack)
    yield from check_replication_groups(update, stack)
    yield from check_one_way_properties(update, stack)
    yield from check_traffic(update, stack)


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
