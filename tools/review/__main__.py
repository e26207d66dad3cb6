"""Shows what a deployment of a stage would change, as Markdown for a reviewer."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage
from tools.command_line import ArgumentParser, UsageError
from tools.guard.errors import GuardError
from tools.review.comparison import (
    StageComparison,
    compare_with_assembly,
    compare_with_deployed,
    compare_with_revision,
)
from tools.review.errors import ReviewError
from tools.review.fingerprint import check_fingerprint, fingerprint
from tools.review.markdown import code_block, code_span
from tools.review.report import review
from tools.templates.assembly import NoAssemblyError
from tools.templates.synthesis import ROOT, SynthesisError

MARKDOWN_LIMIT = 60_000
"""GitHub refuses a comment of more than 65,536 characters."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    arguments = ArgumentParser(
        prog="python3 dev.py review", description=__doc__, allow_abbrev=False
    )
    arguments.add_argument("stage", help="a file of settings/, without .yaml")
    compared = arguments.add_mutually_exclusive_group()
    compared.add_argument(
        "--against",
        metavar="REVISION",
        help="compare the working copy with a git revision instead of the deployed stacks; needs "
        "no AWS account",
    )
    compared.add_argument(
        "--before",
        type=Path,
        metavar="FOLDER",
        help="compare with this cloud assembly instead of the deployed stacks; needs no AWS "
        "account",
    )
    arguments.add_argument(
        "--assembly",
        type=Path,
        metavar="FOLDER",
        help="the cloud assembly (cdk.out) to review. Without it, the stage is synthesized",
    )
    arguments.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="append the review to this file, which then has at most "
        f"{MARKDOWN_LIMIT:,} characters",
    )
    arguments.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="append changes=true or changes=false, and fingerprint=..., to this file",
    )
    arguments.add_argument(
        "--expect",
        metavar="FINGERPRINT",
        help="fail if the fingerprint is another one: the approved plan is out of date",
    )
    return arguments


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print the review; return 1 if there is none, or if the fingerprint does not fit."""
    try:
        options = parser().parse_args(arguments)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        _run(options, load_stage(options.stage), root)
    except (
        *(UsageError, GuardError, SynthesisError, SettingsError, NoAssemblyError, ReviewError),
    ) as error:
        print(error, file=sys.stderr)
        if options.markdown:
            _append_error(options.markdown, options.stage, error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace, settings: StageSettings, root: Path) -> None:
    with _comparison(options, settings, root) as comparison:
        found = fingerprint(comparison)
        if options.expect is not None:
            check_fingerprint(options.expect, found, settings.stage)
        result = review(comparison, dt.datetime.now(dt.UTC).date())
        print(result.render(), end="")
        if options.markdown:
            _append(options.markdown, result.render(MARKDOWN_LIMIT - _length(options.markdown)))
        if options.output:
            changes = "true" if comparison.changed_stacks else "false"
            _append(options.output, f"changes={changes}\nfingerprint={found}\n")


def _comparison(
    options: argparse.Namespace, settings: StageSettings, root: Path
) -> AbstractContextManager[StageComparison]:
    if options.against:
        if options.assembly:
            raise UsageError(
                "--assembly: not allowed with --against, which synthesizes the working copy for "
                "the account of the embedded AWS; compare two assemblies with --before FOLDER"
            )
        return compare_with_revision(settings, options.against, root)
    if options.before:
        return compare_with_assembly(settings, options.before, options.assembly, root)
    return compare_with_deployed(settings, options.assembly, root)


def _append_error(markdown: Path, stage: str, error: Exception) -> None:
    """Write an error to the file in which the reviewer looks for the review."""
    text = code_block(str(error)[:MARKDOWN_LIMIT])
    try:
        _append(markdown, f"### {code_span(stage)}: no review, because of an error\n\n{text}\n")
    except ReviewError as second:
        print(second, file=sys.stderr)


def _length(path: Path) -> int:
    """Return the characters of a file: the reviews of several stages are one comment."""
    return len(path.read_text(encoding="utf-8")) if path.is_file() else 0


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ReviewError(f"cannot write {path}: {error.strerror or error}") from None


if __name__ == "__main__":
    sys.exit(main())
