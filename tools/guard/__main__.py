"""Stops a deployment that would lose data, or that AWS would refuse."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage
from settings.accounts import EMBEDDED_ACCOUNT
from tools.command_line import ArgumentParser, UsageError
from tools.deletion_protection import DeployedStack, StageProtection
from tools.guard.comparison import Comparison, compare
from tools.guard.deployed import read_deployed_with_credentials
from tools.guard.errors import GuardError
from tools.guard.finding import OVERRIDE_OPTION, exclude_allowed, format_report
from tools.guard.stack_status import describe_incomplete_stage, describe_pending_changes
from tools.guard.templates import Templates, former_templates, synthesized_templates
from tools.templates.assembly import AssemblyStack, NoAssemblyError, read_stage
from tools.templates.schemas import registry_schemas
from tools.templates.synthesis import (
    ROOT,
    SynthesisError,
    has_stage,
    synthesize_checkout,
    synthesize_revision,
    synthesize_with_cli,
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    arguments = ArgumentParser(prog="python3 dev.py guard", description=__doc__, allow_abbrev=False)
    arguments.add_argument("stage", help="a file of settings/, without .yaml")
    arguments.add_argument(
        OVERRIDE_OPTION,
        dest="allowed",
        action="append",
        default=[],
        metavar="STACK/LOGICAL_ID",
        help="allow the findings about this resource; can be given several times",
    )
    compared = arguments.add_mutually_exclusive_group()
    compared.add_argument(
        "--against",
        metavar="REVISION",
        help="compare with a git revision instead of the deployed stacks; needs no AWS account. "
        "The revision is synthesized with the packages that are installed now",
    )
    compared.add_argument(
        "--assembly",
        type=Path,
        metavar="FOLDER",
        help="compare this cloud assembly (cdk.out) with the deployed stacks",
    )
    return arguments


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the comparison; return 1 if the deployment must stop, or if the comparison failed."""
    try:
        options = parser().parse_args(arguments)
        load_stage(options.stage)
        if options.against:
            comparison = compare_with_revision(root, options.stage, options.against)
        else:
            with tempfile.TemporaryDirectory(prefix="guard-") as folder:
                assembly = options.assembly or synthesize_with_cli(
                    root, options.stage, Path(folder, "cdk.out")
                )
                comparison = compare_with_deployed(options.stage, assembly)
        blocking = exclude_allowed(comparison.findings, options.allowed)
    except (UsageError, GuardError, SynthesisError, SettingsError, NoAssemblyError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if blocking or comparison.refusals:
        print(format_report(blocking, comparison.refusals), file=sys.stderr)
        return 1
    for name in options.allowed:
        print(f"{name} is let through.")
    other = "else " if comparison.findings else ""
    print(
        f"{options.stage}: nothing {other}that holds data is replaced or deleted, and no change "
        "was found that AWS refuses."
    )
    return 0


def compare_with_deployed(stage: str, assembly: Path) -> Comparison:
    """Compare an assembly with the deployed stacks, which the caller's credentials can read.

    Raises:
        GuardError: AWS refuses a request, a stack is being updated, the last operation of a stack
            failed half-way, or the stage must not be protected against deletion yet.
        NoAssemblyError: the folder holds no assembly of the stage.
    """
    settings, stacks = load_stage(stage), read_stage(assembly, stage)
    deployed = read_deployed_with_credentials(settings, stacks)
    for note in describe_incomplete_stage(stage, [stack.name for stack in stacks], deployed):
        print(note)
    check_protection(settings, stacks, deployed)
    synthesized = synthesized_templates(stacks, deployed)
    for note in describe_pending_changes(deployed, synthesized):
        print(note)
    return compare(deployed, synthesized, registry_schemas())


def check_protection(
    settings: StageSettings, stacks: Sequence[AssemblyStack], deployed: Templates
) -> None:
    """Check that the stage is complete before it is protected; print what is left to do.

    The embedded AWS creates protected stages too: it is discarded as a whole.

    Raises:
        GuardError: the deployment would create a protected stage.
    """
    if any(stack.account == EMBEDDED_ACCOUNT for stack in stacks):
        return
    protection = StageProtection(
        settings,
        [stack.name for stack in stacks],
        [DeployedStack(each.name, each.status, each.is_protected) for each in deployed.values()],
    )
    refusal, note = protection.refusal(), protection.note()
    if refusal:
        raise GuardError(refusal)
    if note:
        print(note)


def compare_with_revision(root: Path, stage: str, revision: str) -> Comparison:
    """Compare the working copy with a git revision. A stage that is new has no findings.

    Raises:
        SynthesisError: the revision does not exist, or one of the two cannot be synthesized.
    """
    if not has_stage(revision, stage, root):
        return Comparison(findings=[], refusals=[])
    with (
        synthesize_revision(revision, stage, root) as old_assembly,
        synthesize_checkout(stage, root) as new_assembly,
    ):
        old = former_templates(read_stage(old_assembly, stage))
        new = synthesized_templates(read_stage(new_assembly, stage), deployed=old)
        return compare(old, new, registry_schemas())


if __name__ == "__main__":
    sys.exit(main())
