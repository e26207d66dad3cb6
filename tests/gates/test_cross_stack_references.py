"""The values that stacks read from each other, when the settings change.

CloudFormation refuses to change or remove an export that another stack imports. A value that the
settings change or remove is therefore a weak reference, or no reference at all
(stacks/shared/weak_references.py).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from k8s.application import FRONTEND
from settings import load_stage, stage_names
from tests.changing_settings.changes import apply, changes_of_stage
from tests.synthesis import ACCOUNT, SynthesizedStage, synthesize, synthesize_here
from tools.guard.comparison import compare
from tools.guard.reference import ResourceId, find_references
from tools.guard.resolution import Resolver
from tools.guard.templates import StackTemplate, Templates
from tools.guard.update import StageUpdate
from tools.templates.schemas import registry_schemas

READ_OUTPUT = "Fn::GetStackOutput"
ENDPOINTS: Mapping[str, Any] = {"network.interface_endpoints": ["logs"]}
SUBNETS = (
    "Other address ranges replace the subnets, whose ranges would overlap the old ones. A stage "
    "keeps the ranges of its first deployment (settings/network.py)."
)
NEW_STAGE = "Another Region is another stage, which needs no resource of the old one."
EXCEPTIONS = {
    "region": NEW_STAGE,
    "availability_zones": SUBNETS,
    "network.cidr": SUBNETS,
    "network.subnets.public_prefix_length": SUBNETS,
    "network.subnets.private_prefix_length": SUBNETS,
    "network.subnets.database_prefix_length": SUBNETS,
}
"""Settings whose change AWS refuses in any order, each with the reason."""


def as_templates(stage: SynthesizedStage) -> Templates:
    settings = stage.settings
    prefix = settings.resource_name()
    return {
        f"{prefix}-{name}": StackTemplate(f"{prefix}-{name}", settings.region, ACCOUNT, template)
        for name, template in stage.templates.items()
    }


def refusals(old: Templates, new: Templates) -> list[str]:
    """Return the exports that CloudFormation would not change, each with the way out."""
    return [
        f"{refusal.error}. {refusal.way[0]}"
        for refusal in compare(old, new, registry_schemas()).refusals
        if refusal.error.startswith("Export")
    ]


def weak_readers(templates: Templates) -> Iterator[tuple[ResourceId, str, str]]:
    """Yield each resource that reads an output, with the stack and the name of the output."""
    for stack in templates.values():
        for logical_id, resource in stack.resources.items():
            for arguments in find_calls(READ_OUTPUT, resource.get("Properties", {})):
                reader = ResourceId(stack.name, logical_id)
                yield reader, arguments["StackName"], arguments["OutputName"]


def find_calls(function: str, node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == function:
                yield value
            yield from find_calls(function, value)
    elif isinstance(node, list):
        for item in node:
            yield from find_calls(function, item)


def stale_readers(old: Templates, new: Templates) -> list[str]:
    """Return the readers with the same properties, although what they read is replaced."""
    update = StageUpdate(old, new, registry_schemas())
    stale = []
    for reader, stack, output in weak_readers(new):
        if output not in old[stack].outputs or not is_in(old, reader):
            continue
        value = Resolver(new).output_value(stack, output)
        replaced = [r.target for r in find_references(value) if r.target in update.replacements]
        if replaced and properties(old, reader) == properties(new, reader):
            stale.append(f"{reader} keeps the old value of {', '.join(map(str, replaced))}")
    return stale


def is_in(templates: Templates, resource: ResourceId) -> bool:
    return resource.logical_id in templates[resource.stack].resources


def properties(templates: Templates, resource: ResourceId) -> Any:
    return templates[resource.stack].resources[resource.logical_id]["Properties"]


def check_change(old: Templates, new: Templates) -> None:
    assert refusals(old, new) == []
    assert stale_readers(old, new) == []


@pytest.mark.parametrize(
    ("stage_name", "changes"),
    [
        ("staging", {"cluster.nodes.instance_type": "t3.large"}),
        ("production", {"network.nat_gateways": 1}),
        ("staging", {"network.nat_gateways": 3}),
        ("staging", {"domain.name": "another.example.com"}),
        ("staging", {"domain.hosted_zone_id": "Z00000000000000000009"}),
        ("production", {"services.backend.delivery.strategy": "canary"}),
    ],
    ids=str,
)
def test_a_change_of_the_settings_is_one_deployment(
    stage_name: str, changes: Mapping[str, Any]
) -> None:
    settings = load_stage(stage_name)
    old, new = (as_templates(synthesize(apply(settings, values))) for values in ({}, changes))
    check_change(old, new)
    check_change(new, old)


def test_another_port_of_the_frontend_is_one_deployment(
    staging: SynthesizedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port belongs to the image. It replaces the target group, whose metrics have alarms."""
    with monkeypatch.context() as context:
        context.setitem(FRONTEND.__dict__, "port", 8080)
        moved = synthesize_here(staging.settings)
    old, new = as_templates(staging), as_templates(moved)
    replaced = StageUpdate(old, new, registry_schemas()).replacements
    assert [id_ for id_ in replaced if id_.logical_id.startswith("TrafficFrontendTargets")]
    check_change(old, new)


def test_the_last_interface_endpoint_goes_with_a_written_order(staging: SynthesizedStage) -> None:
    """The cluster stack imports the group of the endpoints for its rules."""
    old = as_templates(synthesize(apply(staging.settings, ENDPOINTS)))

    (refusal,) = compare(old, as_templates(staging), registry_schemas()).refusals

    assert refusal.way[0].startswith("Deploy spywatcher-staging-cluster first")


def test_no_create_only_property_reads_a_weak_reference(stage: SynthesizedStage) -> None:
    """Another value of the output would replace the reader."""
    templates = as_templates(stage)
    readers = {reader for reader, _, _ in weak_readers(templates)}
    assert readers
    for reader in readers:
        resource = templates[reader.stack].resources[reader.logical_id]
        schema = registry_schemas().get(resource["Type"], stage.settings.region)
        assert schema is not None, f"{reader}: the properties of {resource['Type']} are not known"
        names = {path[0] for path in (*schema.create_only, *schema.conditional_create_only)}
        values = {name: value for name, value in resource["Properties"].items() if name in names}
        assert READ_OUTPUT not in json.dumps(values), reader


@pytest.mark.nightly
@pytest.mark.parametrize("stage_name", stage_names())
def test_each_setting_changes_its_exports_in_a_written_order(stage_name: str) -> None:
    settings = load_stage(stage_name)
    locked = {}
    for key, changes in changes_of_stage(settings).items():
        for change in changes if key not in EXCEPTIONS else ():
            old, new = (
                as_templates(synthesize(apply(settings, *values)))
                for values in ([change.before], [change.before, change.after])
            )
            locked[str(change)] = locked_by(old, new)
            locked[f"back from {change}"] = locked_by(new, old)

    assert {change: found for change, found in locked.items() if found} == {}


def locked_by(old: Templates, new: Templates) -> list[str]:
    """Return the exports that no order of the deployments changes, and what keeps a value."""
    locked = [text for text in refusals(old, new) if ". Deploy " not in text]
    return [*locked, *stale_readers(old, new)]
