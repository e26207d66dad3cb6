"""`python -m cost STAGE`: what a stage costs a month, and what a change adds to it."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage
from tools.cost import report
from tools.cost.estimate import Estimate, estimate
from tools.cost.inventory import UnpricedError
from tools.templates.assembly import read_stage
from tools.templates.synthesis import SynthesisError, synthesize_checkout, synthesize_revision


class CostError(Exception):
    """What stops the command; its text is all that the user needs to go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print an estimate, or a difference; return the exit code. A fault is one message."""
    parser = argparse.ArgumentParser(
        prog="python3 dev.py cost", description="What a stage costs a month."
    )
    parser.add_argument("stage")
    parser.add_argument("--against", metavar="REVISION", help="print the difference to a revision")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write it as JSON too")
    chosen = parser.parse_args(arguments)
    try:
        settings = load_stage(chosen.stage)
        _run(settings, chosen.against, chosen.json)
    except (SettingsError, SynthesisError, UnpricedError, CostError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(settings: StageSettings, revision: str | None, json_file: Path | None) -> None:
    today = dt.datetime.now(dt.UTC).date()
    old = _estimate_of(revision, settings, today) if revision else None
    with synthesize_checkout(settings.stage) as assembly:
        new = estimate(read_stage(assembly, settings.stage), settings, today)
    document = report.document(new)
    if revision is None or old is None:
        print(report.text(new))
    else:
        print(report.difference(old, new, revision))
        document["against"] = report.difference_document(old, new, revision)
    if json_file:
        _write(json_file, report.to_json(document))


def _estimate_of(revision: str, settings: StageSettings, today: dt.date) -> Estimate:
    """Price a revision's templates under today's assumptions: only the resources differ."""
    try:
        with synthesize_revision(revision, settings.stage) as assembly:
            return estimate(read_stage(assembly, settings.stage), settings, today)
    except UnpricedError as error:
        raise CostError(f"revision {revision}: {error}") from None


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise CostError(f"cannot write {path}: {error.strerror or error}") from None


if __name__ == "__main__":
    sys.exit(main())
