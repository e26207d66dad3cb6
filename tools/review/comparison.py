"""The two states of a stage that a review compares, and where they are read from."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from settings import StageSettings
from tools.guard.deployed import read_deployed_with_credentials
from tools.guard.stack_status import describe_incomplete_stage
from tools.guard.templates import (
    StackTemplate,
    Templates,
    former_templates,
    synthesized_templates,
)
from tools.guard.update import StageUpdate
from tools.templates.assembly import AssemblyStack, NoAssemblyError, read_stage
from tools.templates.schemas import registry_schemas
from tools.templates.synthesis import (
    has_stage,
    synthesize_checkout,
    synthesize_revision,
    synthesize_with_cli,
)

_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_METADATA_TYPE = "AWS::CDK::Metadata"
_METADATA_CONDITION = "CDKMetadataAvailable"


@dataclass(frozen=True, kw_only=True)
class StageComparison:
    """The templates of a stage before and after a deployment."""

    settings: StageSettings
    before: Templates
    """The templates as they were read. They have the values of the parameters."""
    stacks: Sequence[AssemblyStack]
    """The synthesized stacks, in the order of their deployment."""
    assembly: Path
    """The folder of the synthesized stacks."""
    baseline: str
    """What the stage is compared with, such as "the deployed stacks" or "revision"."""
    baseline_name: str = ""
    """The name of the revision, or the folder of the assembly."""
    notes: tuple[str, ...] = ()
    """What a deployment does about stacks that are not as their templates say."""

    @cached_property
    def update(self) -> StageUpdate:
        """The update from the templates before to the templates after."""
        after = synthesized_templates(self.stacks, deployed=self.before)
        return StageUpdate(_comparable(self.before), _comparable(after), registry_schemas())

    @cached_property
    def changed_stacks(self) -> list[AssemblyStack]:
        """The synthesized stacks that a deployment would create or update."""
        old, new = self.update.deployed, self.update.synthesized
        return [
            stack
            for stack in self.stacks
            if stack.name not in old or old[stack.name].template != new[stack.name].template
        ]


@contextmanager
def compare_with_deployed(
    settings: StageSettings, assembly: Path | None, root: Path
) -> Iterator[StageComparison]:
    """Yield the comparison of an assembly with the deployed stacks.

    Args:
        settings: the settings of the stage.
        assembly: the folder of the assembly. Without one, the CDK CLI synthesizes the stage.
        root: the working copy.

    Raises:
        GuardError: the deployed stacks cannot be read, or cannot be compared.
        NoAssemblyError: the folder holds no assembly of the stage.
        SynthesisError: the stage cannot be synthesized.
    """
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        if assembly is None:
            assembly = synthesize_with_cli(root, settings.stage, Path(folder, "cdk.out"))
        stacks = read_stage(assembly, settings.stage)
        deployed = read_deployed_with_credentials(settings, stacks)
        notes = describe_incomplete_stage(
            settings.stage, [stack.name for stack in stacks], deployed
        )
        yield StageComparison(
            settings=settings,
            before=deployed,
            stacks=stacks,
            assembly=assembly,
            baseline="the deployed stacks",
            notes=tuple(notes),
        )


@contextmanager
def compare_with_revision(
    settings: StageSettings, revision: str, root: Path
) -> Iterator[StageComparison]:
    """Yield the comparison of the working copy with a git revision.

    Raises:
        SynthesisError: the revision does not exist, or one of the two cannot be synthesized.
    """
    stage = settings.stage
    before: Templates = {}
    if has_stage(revision, stage, root):
        with synthesize_revision(revision, stage, root) as folder:
            before = former_templates(read_stage(folder, stage))
    with synthesize_checkout(stage, root) as assembly:
        yield StageComparison(
            settings=settings,
            before=before,
            stacks=read_stage(assembly, stage),
            assembly=assembly,
            baseline="revision",
            baseline_name=revision,
        )


@contextmanager
def compare_with_assembly(
    settings: StageSettings, former: Path, assembly: Path | None, root: Path
) -> Iterator[StageComparison]:
    """Yield the comparison of an assembly with another one.

    A stage that the former assembly does not have is new.

    Args:
        settings: the settings of the stage.
        former: the folder of the assembly to compare with.
        assembly: the folder of the assembly. Without one, the CDK CLI synthesizes the stage.
        root: the working copy.

    Raises:
        NoAssemblyError: a folder holds no assembly.
        SynthesisError: the stage cannot be synthesized.
    """
    if not (former / "manifest.json").is_file():
        raise NoAssemblyError(f"--before: found {former}; allowed: a cloud assembly (cdk.out)")
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        if assembly is None:
            assembly = synthesize_with_cli(root, settings.stage, Path(folder, "cdk.out"))
        is_new = not (former / f"assembly-{settings.stage}").is_dir()
        stacks_before = [] if is_new else read_stage(former, settings.stage)
        yield StageComparison(
            settings=settings,
            before=former_templates(stacks_before),
            stacks=read_stage(assembly, settings.stage),
            assembly=assembly,
            baseline="the assembly",
            baseline_name=str(former),
        )


def _comparable(templates: Templates) -> Templates:
    return {name: _comparable_stack(stack) for name, stack in templates.items()}


def _comparable_stack(stack: StackTemplate) -> StackTemplate:
    """Return a stack with the template in a form in which equal resources are equal.

    CloudFormation returns each character that is not ASCII as a question mark (aws-cdk 2.1148.1,
    mangleLikeCloudFormation). The resource AWS::CDK::Metadata holds the versions of the library for
    AWS's statistics; `cdk diff` does not show it either.
    """
    template = json.loads(_NON_ASCII.sub("?", json.dumps(stack.template, ensure_ascii=False)))
    for section in ("Resources", "Conditions"):
        kept = {k: v for k, v in template.get(section, {}).items() if not _is_metadata(k, v)}
        template[section] = kept
    return replace(stack, template={k: v for k, v in template.items() if v})


def _is_metadata(name: str, node: Mapping[str, Any]) -> bool:
    return name == _METADATA_CONDITION or node.get("Type") == _METADATA_TYPE
