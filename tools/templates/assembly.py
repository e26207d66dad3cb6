"""Reads a cloud assembly: what a synthesis leaves in cdk.out, one folder inside it a stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STACK = "aws:cloudformation:stack"


class NoAssemblyError(Exception):
    """There is no synthesized stage in the folder."""


@dataclass(frozen=True)
class AssemblyStack:
    """A synthesized stack."""

    name: str
    """Its name in CloudFormation, such as spywatcher-staging-data."""
    template: Mapping[str, Any]
    region: str
    account: str
    lookup_role_arn: str | None
    """The bootstrap role that may read the deployed stack; None without one. Holds placeholders
    such as `${AWS::Partition}`."""
    dependencies: tuple[str, ...]
    """Names of the stacks of the same stage that are deployed before this one."""


def read_stage(assembly: Path, stage: str) -> list[AssemblyStack]:
    """Return the stacks of a stage, each after those that it depends on.

    Args:
        assembly: the folder of the app's assembly, such as cdk.out.
        stage: the stage's id, such as staging.

    Raises:
        NoAssemblyError: the folder holds no assembly, or none of this stage.
    """
    folder = assembly / f"assembly-{stage}"
    try:
        artifacts = json.loads((folder / "manifest.json").read_bytes())["artifacts"]
    except FileNotFoundError:
        raise NoAssemblyError(f"{folder} holds no synthesized stage") from None
    ids = [name for name, artifact in artifacts.items() if artifact["type"] == _STACK]
    stacks: dict[str, AssemblyStack] = {}

    def add(name: str) -> None:
        if name in stacks:
            return
        artifact = artifacts[name]
        before = [other for other in artifact.get("dependencies", ()) if other in ids]
        for other in before:
            add(other)
        properties = artifact["properties"]
        account, region = artifact["environment"].removeprefix("aws://").split("/")
        stacks[name] = AssemblyStack(
            name=properties.get("stackName", name),
            template=json.loads((folder / properties["templateFile"]).read_bytes()),
            region=region,
            account=account,
            lookup_role_arn=properties.get("lookupRole", {}).get("arn"),
            dependencies=tuple(stacks[other].name for other in before),
        )

    for name in ids:
        add(name)
    return list(stacks.values())
