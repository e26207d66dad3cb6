"""Assemblies of production that differ from its synthesized templates in one place."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from settings.model import PROJECT
from tests.synthesis import ACCOUNT, SynthesizedStage, Template
from tools.guard.templates import StackTemplate, Templates
from tools.review.comparison import StageComparison
from tools.templates.assembly import read_stage

Mutation = Callable[[dict[str, Template]], None]
"""Changes the templates of a stage, by the last part of the stack's name."""
VERSION = "36.0.0"
"""A version of the cloud assembly schema that the CDK CLI reads."""


def write_assembly(folder: Path, stage: str, templates: dict[str, Template]) -> Path:
    """Write an assembly that the CDK CLI and `read_stage` read; return the folder."""
    inner = folder / f"assembly-{stage}"
    inner.mkdir(parents=True)
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": inner.name}}
    _write(folder, {stage: nested})
    stacks = {}
    for name, template in templates.items():
        (inner / f"{name}.json").write_text(json.dumps(template))
        stacks[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/us-east-1",
            "properties": {
                "templateFile": f"{name}.json",
                "stackName": f"{PROJECT}-{stage}-{name}",
            },
            "displayName": f"{stage}/{name}",
        }
    _write(inner, stacks)
    return folder


def _write(folder: Path, artifacts: dict[str, Any]) -> None:
    manifest = {"version": VERSION, "artifacts": artifacts}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def deployed(stage: SynthesizedStage, **released: str) -> Templates:
    """Return the templates of a stage as they are read from an account.

    Args:
        stage: the stage.
        released: the values of parameters that a release has changed since the first deployment.
    """
    return {
        stack.name: replace(
            stack,
            parameters={
                name: released.get(name, str(parameter.get("Default")))
                for name, parameter in stack.template.get("Parameters", {}).items()
            },
        )
        for stack in _stack_templates(stage)
    }


def _stack_templates(stage: SynthesizedStage) -> Iterator[StackTemplate]:
    for stack, template in stage.templates.items():
        name = f"{PROJECT}-{stage.settings.stage}-{stack}"
        yield StackTemplate(name, stage.settings.region, ACCOUNT, template)


def mutated(stage: SynthesizedStage, mutate: Mutation) -> dict[str, Template]:
    """Return copies of the templates of a stage, changed by a mutation."""
    templates = copy.deepcopy(stage.templates)
    mutate(templates)
    return templates


def comparison(
    stage: SynthesizedStage, mutate: Mutation, folder: Path, before: Templates | None = None
) -> StageComparison:
    """Return the comparison of a deployed stage with a mutation of its templates."""
    name = stage.settings.stage
    assembly = write_assembly(folder, name, mutated(stage, mutate))
    return StageComparison(
        settings=stage.settings,
        before=deployed(stage) if before is None else before,
        stacks=read_stage(assembly, name),
        assembly=assembly,
        baseline="the deployed stacks",
    )


def first(template: Template, resource_type: str, part: str = "") -> dict[str, Any]:
    """Return the first resource of a type whose logical id contains a text."""
    resources: dict[str, dict[str, Any]] = template["Resources"]
    return next(
        resource
        for logical_id, resource in resources.items()
        if resource["Type"] == resource_type and part in logical_id
    )
