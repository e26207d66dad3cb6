"""Synthesizes a stage or an account, and finds resources in the templates."""

import functools
import itertools
import json
import multiprocessing
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from settings import StageSettings
from settings.accounts import Account
from stacks.account.stage import AccountStage
from stacks.stage import SpyWatcherStage
from tools.templates.text import as_text

ROOT = Path(__file__).parent.parent
ACCOUNT = "111111111111"
UNSTAGED = {"aws:cdk:disable-asset-staging": True}
"""The context of an app whose assets are not copied into the assembly."""
SYNTHESES_OF_A_PROCESS = 150
Template = dict[str, Any]
_count = itertools.count()


class _Templates:
    """Templates by a name, in which tests find resources."""

    templates: dict[str, Template]

    def resources(self, stack: str, resource_type: str) -> dict[str, dict[str, Any]]:
        """Return the resources of a type in a stack, by logical id."""
        return {
            logical_id: resource
            for logical_id, resource in self.templates[stack]["Resources"].items()
            if resource["Type"] == resource_type
        }

    def only(self, stack: str, resource_type: str) -> dict[str, Any]:
        """Return the properties of the only resource of a type in a stack."""
        found = list(self.resources(stack, resource_type).values())
        assert len(found) == 1, f"{len(found)} of {resource_type} in {stack}"
        properties: dict[str, Any] = found[0]["Properties"]
        return properties


@dataclass(frozen=True)
class SynthesizedAccount(_Templates):
    """The templates of the account stack."""

    templates: dict[str, Template]
    """By the Region of the stack."""


@dataclass(frozen=True)
class SynthesizedStage(_Templates):
    """The settings and the templates of a stage."""

    settings: StageSettings
    templates: dict[str, Template]
    """By the last part of the stack's name, such as `network`."""

    def exports(self) -> dict[str, tuple[str, Any]]:
        """Return the stack and the value of each export, by the name of the export."""
        return {
            output["Export"]["Name"]: (stack, output["Value"])
            for stack, template in self.templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def imports(self) -> set[tuple[str, str]]:
        """Return (importing stack, exporting stack) for each pair of stacks."""
        prefix = f"{self.settings.resource_name()}-"
        return {
            (stack, name.partition(":")[0].removeprefix(prefix))
            for stack, template in self.templates.items()
            for name in _imported(template)
        }

    def manifests(self) -> list[dict[str, Any]]:
        """Return every Kubernetes object of the stage, with references as `${LogicalId}`."""
        resources = self.resources("workloads", "Custom::AWSCDK-EKS-KubernetesResource")
        return [
            item
            for resource in resources.values()
            for item in json.loads(_quote_numbers(as_text(resource["Properties"]["Manifest"])))
        ]

    def released(self) -> list[dict[str, Any]]:
        """Return every Kubernetes object, with the defaults of the template's parameters."""
        text = json.dumps(self.manifests())
        for name, parameter in self.templates["workloads"]["Parameters"].items():
            default = str(parameter["Default"])
            if parameter["Type"] == "Number":
                text = text.replace(f'"${{{name}}}"', default)
            text = text.replace(f"${{{name}}}", default)
        released: list[dict[str, Any]] = json.loads(text)
        return released

    def manifest(self, kind: str, name: str) -> dict[str, Any]:
        """Return the Kubernetes object of a kind and name."""
        found = [
            item
            for item in self.manifests()
            if item["kind"] == kind and item["metadata"]["name"] == name
        ]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]


@functools.cache
def synthesize(settings: StageSettings) -> SynthesizedStage:
    """Synthesize a stage, after many others in another process.

    The Node process of jsii keeps 10 MB of each synthesis until it ends, and ends at 4 GB with
    `JavaScript heap out of memory`. Some nightly tests synthesize 400 stages.
    """
    if next(_count) < SYNTHESES_OF_A_PROCESS:
        return synthesize_here(settings)
    return _other_processes().submit(synthesize_here, settings).result()


def synthesize_here(settings: StageSettings) -> SynthesizedStage:
    """Synthesize a stage as app.py does, but into a temporary folder, which is deleted.

    The assets have 60 MB, and some tests synthesize hundreds of stages. They are not copied.
    """
    app = create_app(**UNSTAGED)
    environment = cdk.Environment(account=ACCOUNT, region=settings.region)
    assembly = SpyWatcherStage(app, settings=settings, environment=environment).synth()
    stage = SynthesizedStage(
        settings=settings,
        templates={
            stack.stack_name.removeprefix(f"{settings.resource_name()}-"): stack.template
            for stack in assembly.stacks
        },
    )
    shutil.rmtree(app.outdir)
    return stage


@functools.cache
def _other_processes() -> ProcessPoolExecutor:
    """Return an executor with one process, which ends after some syntheses for the next one."""
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=multiprocessing.get_context("spawn"),
        max_tasks_per_child=SYNTHESES_OF_A_PROCESS,
    )


@functools.cache
def synthesize_account(*stages: StageSettings) -> SynthesizedAccount:
    """Synthesize the account of some stages, into a temporary folder, which is deleted."""
    app, account = create_app(**UNSTAGED), Account(ACCOUNT, stages)
    assembly = AccountStage(app, account=account, is_only_account=True).synth()
    templates = {stack.environment.region: stack.template for stack in assembly.stacks}
    shutil.rmtree(app.outdir)
    return SynthesizedAccount(templates)


def create_app(**context: str | bool) -> cdk.App:
    """Create an app with the context of cdk.json and of app.py, and with more context."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    flags |= {"aws:cdk:disable-creation-stack-traces": True}
    return cdk.App(context=flags | context, analytics_reporting=False)


def _quote_numbers(text: str) -> str:
    """Return a manifest as valid JSON. A parameter of the type Number stands without quotes."""
    return re.sub(r":(\$\{\w+\})", r':"\1"', text)


def _imported(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"Fn::ImportValue"}:
            yield as_text(value["Fn::ImportValue"])
        else:
            for item in value.values():
                yield from _imported(item)
    elif isinstance(value, list):
        for item in value:
            yield from _imported(item)
