"""Prints the times of the commands as ratios to an empty CDK app: `python3 dev.py bench`."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.bench.larger_apps import SERVICES, add_stages, add_tracks
from tools.bench.measurement import (
    BenchError,
    Comparison,
    Program,
    compare,
    compare_growth,
    format_table,
    print_progress,
    run_program,
)
from tools.cdk_context import read_context
from tools.command_line import ArgumentParser, UsageError
from tools.embedded_aws.environment import DEFAULT_ACCOUNT

ROOT = Path(__file__).resolve().parents[2]
PAIRS = {
    "synth-stage": 7,
    "synth": 7,
    "further-stage": 5,
    "further-track": 5,
    "deploy-local": 3,
    "test": 1,
}
"""The number of pairs by the name of a program. The last two take much longer than the others."""
_FURTHER_STAGES = 2
_GROWTH = {
    "further-stage": ("synth", _FURTHER_STAGES),
    "further-track": ("synth-stage", len(SERVICES)),
}
"""The programs whose result is a difference: the smaller program, and how many items it lacks."""

_CLI_CONTEXT = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:version-reporting": False,
}
"""The context that the CDK CLI adds to that of cdk.json."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the programs; return the exit code."""
    try:
        options = _parse(arguments)
        print(format_table(_measure(options.programs or list(PAIRS), options.pairs)))
    except (BenchError, UsageError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = ArgumentParser(prog="python3 dev.py bench", description=__doc__)
    parser.add_argument("programs", nargs="*", help=f"by default: {' '.join(PAIRS)}")
    parser.add_argument("--pairs", type=int, default=0, help="the number of pairs")
    options = parser.parse_args(arguments)
    for name in options.programs:
        if name not in PAIRS:
            raise UsageError(f"bench: found {name}; allowed: {', '.join(PAIRS)}")
    if options.pairs < 0:
        raise UsageError(f"bench: found --pairs {options.pairs}; allowed: 1 or more")
    return options


def _measure(names: Sequence[str], pairs: int) -> list[Comparison]:
    """Measure programs. `pairs` is the number for each; 0 takes that of `PAIRS`."""
    comparisons = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        programs = create_programs(Path(folder))
        for name in names:
            program, count = programs[name], pairs or PAIRS[name]
            print_progress(f"{program.name}: {count} pairs ...")
            if name in _GROWTH:
                smaller, items = _GROWTH[name]
                pair = (programs[smaller], program)
                comparison = compare_growth(
                    program.name, pair, items, programs["empty"], count, run_program
                )
            else:
                comparison = compare(program, programs["empty"], count, run_program)
            comparisons.append(comparison)
    return comparisons


def create_programs(folder: Path) -> dict[str, Program]:
    """Return the programs by name. The apps run alone, with the context that the CLI gives them."""
    context = read_context(ROOT) | _CLI_CONTEXT

    def synthesis(name: str, app: str | Path, **selected: str) -> Program:
        environment: Mapping[str, str] = {
            "CDK_CONTEXT_JSON": json.dumps(context | selected),
            "CDK_OUTDIR": str(folder / name.replace(" ", "-")),
            "CDK_DEFAULT_ACCOUNT": DEFAULT_ACCOUNT,
        }
        return Program(name, [sys.executable, str(ROOT / app)], environment)

    more_stages = add_stages(ROOT, folder / "more-stages", _FURTHER_STAGES)
    more_tracks = add_tracks(ROOT, folder / "more-tracks")
    python = [sys.executable, "-m"]
    return {
        "empty": synthesis("the empty app", "tools/bench/empty_app.py"),
        "synth-stage": synthesis("synthesis of staging", "app.py", stage="staging"),
        "synth": synthesis("synthesis of both stages", "app.py"),
        "further-stage": synthesis("a further stage", more_stages),
        "further-track": synthesis("a second track of a service", more_tracks, stage="staging"),
        "deploy-local": Program(
            "deploy-local staging", [*python, "tools.embedded_aws", "deploy-local", "staging"], {}
        ),
        "test": Program("the test suite", [*python, "pytest", "-q"], {}),
    }


if __name__ == "__main__":
    sys.exit(main())
