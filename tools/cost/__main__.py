"""Prints what a stage costs per month, or what a change adds to the cost of a git revision."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage
from settings.model import ACCOUNT_STAGE
from tools.cost import report
from tools.cost.errors import CostError
from tools.cost.estimate import Estimate, estimate
from tools.templates.assembly import AssemblyStack, NoAssemblyError, read_stage
from tools.templates.synthesis import SynthesisError, synthesize_checkout, synthesize_revision


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the estimate or the difference; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 dev.py cost", description=__doc__)
    parser.add_argument("stage", help="a file of settings/, without .yaml")
    parser.add_argument(
        "--against", metavar="REVISION", help="print the difference from this git revision"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the result as JSON")
    options = parser.parse_args(arguments)
    try:
        _run(load_stage(options.stage), options.against, options.json)
    except (SettingsError, SynthesisError, CostError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(settings: StageSettings, revision: str | None, json_file: Path | None) -> None:
    today = dt.datetime.now(dt.UTC).date()
    old = _estimate_revision(revision, settings, today) if revision else None
    with synthesize_checkout(settings.stage) as assembly:
        new = estimate(_read_stacks(assembly, settings), settings, today)
    document = report.to_document(new)
    if revision is None or old is None:
        print(report.format_table(new))
    else:
        print(report.format_difference(old, new, revision))
        document["against"] = report.to_difference_document(old, new, revision)
    if json_file:
        _write(json_file, report.to_json(document))


def _estimate_revision(revision: str, settings: StageSettings, today: dt.date) -> Estimate:
    """Estimate the cost of a revision's templates.

    The assumptions are those of the current settings, so that only the resources differ.
    """
    try:
        with synthesize_revision(revision, settings.stage) as assembly:
            return estimate(_read_stacks(assembly, settings), settings, today)
    except CostError as error:
        raise CostError(f"revision {revision}: {error}") from None


def _read_stacks(assembly: Path, settings: StageSettings) -> list[AssemblyStack]:
    """Return the stacks of the stage, and the account stack if the stage monitors the account."""
    stacks = read_stage(assembly, settings.stage)
    if settings.monitoring.account_wide:
        # A revision may be older than the account stack.
        with contextlib.suppress(NoAssemblyError):
            account = read_stage(assembly, ACCOUNT_STAGE)
            stacks += [stack for stack in account if stack.region == settings.region]
    return stacks


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CostError(f"cannot write {path}: {error.strerror or error}") from None


if __name__ == "__main__":
    sys.exit(main())
