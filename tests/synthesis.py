"""Synthesizes a stage in this process, and answers what a test asks of its templates."""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from settings import StageSettings
from stacks.stage import SpyWatcherStage
from tools.templates.text import as_text

ROOT = Path(__file__).parent.parent
ACCOUNT = "111111111111"
Template = dict[str, Any]
joined = as_text


@dataclass(frozen=True)
class SynthesizedStage:
    """The templates of a stage, by the last part of the stack's name."""

    settings: StageSettings
    templates: dict[str, Template]

    def resources(self, stack: str, resource_type: str) -> dict[str, dict[str, Any]]:
        """Return the resources of a type in a stack, by logical id."""
        return {
            logical_id: resource
            for logical_id, resource in self.templates[stack]["Resources"].items()
            if resource["Type"] == resource_type
        }

    def only(self, stack: str, resource_type: str) -> dict[str, Any]:
        """Return the properties of the one resource of this type in a stack."""
        found = list(self.resources(stack, resource_type).values())
        assert len(found) == 1, f"{len(found)} of {resource_type} in {stack}"
        properties: dict[str, Any] = found[0]["Properties"]
        return properties

    def assertions(self, stack: str) -> assertions.Template:
        """Return CDK's own assertions over a stack."""
        return assertions.Template.from_json(self.templates[stack])

    def imports(self) -> set[tuple[str, str]]:
        """Return (reader, read) for each stack that reads an export of another."""
        prefix = f"{self.settings.resource_name()}-"
        return {
            (stack, name.partition(":")[0].removeprefix(prefix))
            for stack, template in self.templates.items()
            for name in _imported(template)
        }

    def manifests(self) -> list[dict[str, Any]]:
        """Return every Kubernetes object of the stage; a reference reads as `${LogicalId}`."""
        resources = self.resources("workloads", "Custom::AWSCDK-EKS-KubernetesResource")
        return [
            item
            for resource in resources.values()
            for item in json.loads(joined(resource["Properties"]["Manifest"]))
        ]

    def released(self) -> list[dict[str, Any]]:
        """Return every Kubernetes object with the parameters' defaults in their places."""
        text = json.dumps(self.manifests())
        for name, parameter in self.templates["workloads"]["Parameters"].items():
            text = text.replace(f"${{{name}}}", str(parameter["Default"]))
        released: list[dict[str, Any]] = json.loads(text)
        return released

    def manifest(self, kind: str, name: str) -> dict[str, Any]:
        """Return the Kubernetes object of this kind and name."""
        found = [
            item
            for item in self.manifests()
            if item["kind"] == kind and item["metadata"]["name"] == name
        ]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]


@functools.cache
def synthesize(settings: StageSettings) -> SynthesizedStage:
    """Synthesize a stage as app.py does, into a temporary folder."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, analytics_reporting=False)
    environment = cdk.Environment(account=ACCOUNT, region=settings.region)
    made = SpyWatcherStage(app, settings=settings, environment=environment)
    assembly = made.synth()
    return SynthesizedStage(
        settings=settings,
        templates={
            stack.stack_name.removeprefix(f"{settings.resource_name()}-"): stack.template
            for stack in assembly.stacks
        },
    )


def _imported(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"Fn::ImportValue"}:
            yield joined(value["Fn::ImportValue"])
        else:
            for item in value.values():
                yield from _imported(item)
    elif isinstance(value, list):
        for item in value:
            yield from _imported(item)
