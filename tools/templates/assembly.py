"""Reads a cloud assembly: the folder cdk.out, in which a synthesis writes a folder per stage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STACK_ARTIFACT = "aws:cloudformation:stack"
_ASSETS_ARTIFACT = "cdk:asset-manifest"


class NoAssemblyError(Exception):
    """A folder holds no synthesized stage. The text is shown to the user."""


@dataclass(frozen=True)
class AssemblyStack:
    """A synthesized stack."""

    name: str
    """The name in CloudFormation, such as spywatcher-staging-data."""
    template: Mapping[str, Any]
    region: str
    account: str
    lookup_role_arn: str | None
    """The lookup role of the bootstrap stack, which can read deployed stacks; None if the stack was
    synthesized without it. The ARN holds placeholders such as `${AWS::Partition}`."""
    dependencies: tuple[str, ...]
    """The names of the stacks of the same stage that are deployed before this one."""
    construct_path: str = ""
    """The path that selects the stack in the CDK CLI, such as staging/data."""
    asset_hashes: tuple[str, ...] = ()
    """The hashes of the files and the images that a deployment of the stack publishes, sorted."""


def read_stage(assembly: Path, stage: str) -> list[AssemblyStack]:
    """Return the stacks of a stage, each after the stacks that it depends on.

    Args:
        assembly: the folder of the app's cloud assembly, such as cdk.out.
        stage: the construct id of the stage, such as staging.

    Raises:
        NoAssemblyError: the folder holds no assembly of this stage.
    """
    folder = assembly / f"assembly-{stage}"
    try:
        artifacts = json.loads((folder / "manifest.json").read_bytes())["artifacts"]
    except FileNotFoundError:
        raise NoAssemblyError(f"{folder} holds no synthesized stage") from None
    stack_artifacts = {
        artifact_id: artifact
        for artifact_id, artifact in artifacts.items()
        if artifact["type"] == _STACK_ARTIFACT
    }
    stacks: dict[str, AssemblyStack] = {}

    def add(artifact_id: str) -> None:
        if artifact_id in stacks:
            return
        artifact = stack_artifacts[artifact_id]
        dependencies = [
            dependency
            for dependency in artifact.get("dependencies", ())
            if dependency in stack_artifacts
        ]
        for dependency in dependencies:
            add(dependency)
        names = [stacks[dependency].name for dependency in dependencies]
        assets = artifacts.get(f"{artifact_id}.assets", {})
        stacks[artifact_id] = _read_stack(folder, artifact_id, artifact, names, assets)

    for artifact_id in stack_artifacts:
        add(artifact_id)
    return list(stacks.values())


def _read_stack(
    folder: Path,
    artifact_id: str,
    artifact: Mapping[str, Any],
    dependencies: Sequence[str],
    assets: Mapping[str, Any],
) -> AssemblyStack:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    return AssemblyStack(
        name=properties.get("stackName", artifact_id),
        template=json.loads((folder / properties["templateFile"]).read_bytes()),
        region=region,
        account=account,
        lookup_role_arn=properties.get("lookupRole", {}).get("arn"),
        dependencies=tuple(dependencies),
        construct_path=artifact.get("displayName", ""),
        asset_hashes=tuple(sorted(_asset_hashes(folder, assets))),
    )


def _asset_hashes(folder: Path, artifact: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of an asset manifest, each of which is the hash of what it publishes."""
    if artifact.get("type") == _ASSETS_ARTIFACT:
        manifest = json.loads((folder / artifact["properties"]["file"]).read_bytes())
        yield from manifest.get("files", ())
        yield from manifest.get("dockerImages", ())
