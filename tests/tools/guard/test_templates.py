"""The templates of former stacks, which a comparison with a revision treats as deployed."""

import json
from typing import Any

from tools.guard.comparison import compare
from tools.guard.manifests import MANIFEST_TYPE
from tools.guard.templates import former_templates, synthesized_templates
from tools.templates.assembly import AssemblyStack
from tools.templates.schemas import registry_schemas


def stack_with_job(image: str) -> list[AssemblyStack]:
    """Return a stack with a Job, whose template the API server does not allow to change."""
    job = {"kind": "Job", "metadata": {"name": "a"}, "spec": {"template": {"image": "IMAGE"}}}
    before, after = json.dumps([job]).split("IMAGE")
    manifest = {"Fn::Join": ["", [before, {"Ref": "Image"}, after]]}
    template: dict[str, Any] = {
        "Parameters": {"Image": {"Type": "String", "Default": image}},
        "Resources": {"Job": {"Type": MANIFEST_TYPE, "Properties": {"Manifest": manifest}}},
    }
    return [AssemblyStack("workloads", template, "us-east-1", "1" * 12, None, ())]


def test_another_default_of_a_parameter_changes_nothing_because_a_deployment_keeps_the_value() -> (
    None
):
    former = former_templates(stack_with_job("image:1"))
    synthesized = synthesized_templates(stack_with_job("image:2"), deployed=former)
    assert compare(former, synthesized, registry_schemas()).refusals == []
