"""`python -m guard STAGE`: whether a deploy would replace or delete what holds data."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from settings import SettingsError, load_stage
from tools.guard.comparison import compare
from tools.guard.deployed import cloudformation_clients, read_deployed
from tools.guard.errors import GuardError
from tools.guard.finding import OVERRIDE_OPTION, Finding, exclude_allowed, format_report
from tools.guard.synthesis import synthesized_by_cli
from tools.guard.templates import synthesized_templates
from tools.templates.assembly import NoAssemblyError, read_stage
from tools.templates.revision import (
    RevisionError,
    has_stage,
    synthesized,
    synthesized_revision,
)
from tools.templates.schemas import registry_schemas

ROOT = Path(__file__).resolve().parents[2]


class _Parser(argparse.ArgumentParser):
    """A parser whose faults are like every other fault here: one message, exit code 1."""

    def error(self, message: str) -> NoReturn:
        raise GuardError(f"{message}\n{self.format_usage().strip()}")


def parser() -> argparse.ArgumentParser:
    """Describe the arguments."""
    whole = _Parser(prog="python3 dev.py guard", description=__doc__, allow_abbrev=False)
    whole.add_argument("stage", help="a file of settings/, without .yaml")
    whole.add_argument(
        OVERRIDE_OPTION,
        dest="allowed",
        action="append",
        default=[],
        metavar="STACK/LOGICAL_ID",
        help="let the finding of this one resource through; may stand several times",
    )
    other = whole.add_mutually_exclusive_group()
    other.add_argument(
        "--against",
        metavar="REVISION",
        help="compare with a git revision, made with what is installed; needs no AWS account",
    )
    other.add_argument(
        "--assembly", type=Path, metavar="FOLDER", help="what is going to be deployed (cdk.out)"
    )
    return whole


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Compare; return 1 where something stops the deploy or the comparison."""
    try:
        chosen = parser().parse_args(arguments)
        load_stage(chosen.stage)
        if chosen.against:
            found = against_revision(root, chosen.stage, chosen.against)
        else:
            with tempfile.TemporaryDirectory(prefix="guard-") as folder:
                found = against_deployed(root, chosen.stage, chosen.assembly, Path(folder))
        stopping = exclude_allowed(found, chosen.allowed)
    except (GuardError, RevisionError, SettingsError, NoAssemblyError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if stopping:
        print(format_report(stopping), file=sys.stderr)
        return 1
    for name in chosen.allowed:
        print(f"{name} is let through.")
    print(f"{chosen.stage}: nothing {'else ' * bool(found)}that holds data is replaced or deleted.")
    return 0


def against_deployed(root: Path, stage: str, assembly: Path | None, folder: Path) -> list[Finding]:
    """Compare the synthesized stage with the deployed one, with the caller's credentials.

    Raises:
        GuardError: the synthesis failed, or AWS refuses.
    """
    if assembly is None:
        assembly = synthesized_by_cli(root, stage, folder / "cdk.out")
    stacks = read_stage(assembly, stage)

    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        session = boto3.Session(region_name=load_stage(stage).region)
        clients = cloudformation_clients(session, stacks)
        before = read_deployed(stage, stacks, clients)
    except (BotoCoreError, ClientError) as error:
        raise GuardError(f"AWS refuses: {error}") from None
    return compare(before, synthesized_templates(stacks, before), registry_schemas())


def against_revision(root: Path, stage: str, revision: str) -> list[Finding]:
    """Compare the synthesized stage with the one that a git revision synthesizes.

    Raises:
        RevisionError: there is no such revision, or one of the two cannot be synthesized.
    """
    if not has_stage(revision, stage, root):
        return []
    with synthesized_revision(revision, stage, root) as old, synthesized(stage, root) as new:
        before = synthesized_templates(read_stage(old, stage), {})
        return compare(
            before, synthesized_templates(read_stage(new, stage), before), registry_schemas()
        )


if __name__ == "__main__":
    sys.exit(main())
