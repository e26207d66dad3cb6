"""Measures a program in turns with another one."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


class BenchError(Exception):
    """A program failed. The text of this error is shown to the user."""


@dataclass(frozen=True)
class Program:
    """A program to measure."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """One run of a program."""

    seconds: float
    """The time from start to end."""
    cpu_seconds: float
    """The time on a processor, of the program and its children."""


@dataclass(frozen=True)
class Comparison:
    """The runs of a program, and of the baseline before each of them."""

    name: str
    runs: Sequence[Run]
    baseline: Sequence[Run]

    def median(self) -> float:
        """Return the median of the program's seconds."""
        return statistics.median(run.seconds for run in self.runs)

    def ratios(self) -> list[float]:
        """Return the ratio of each pair, by seconds."""
        return [b.seconds / a.seconds for a, b in zip(self.baseline, self.runs, strict=True)]

    def cpu_ratios(self) -> list[float]:
        """Return the ratio of each pair, by the time on a processor."""
        pairs = zip(self.baseline, self.runs, strict=True)
        return [b.cpu_seconds / a.cpu_seconds for a, b in pairs]


def compare(
    program: Program,
    baseline: Program,
    pairs: int,
    run: "Callable[[Program], Run] | None" = None,
) -> Comparison:
    """Measure a program against the baseline.

    Both run once before, so that byte code and file caches are warm. Then they run in turns: a
    machine that becomes slower affects both.
    """
    run = run or run_program
    run(baseline)
    run(program)
    measured = [(run(baseline), run(program)) for _ in range(pairs)]
    return Comparison(program.name, [b for _, b in measured], [a for a, _ in measured])


def compare_growth(
    name: str,
    programs: "tuple[Program, Program]",
    count: int,
    baseline: Program,
    pairs: int,
    run: "Callable[[Program], Run] | None" = None,
) -> Comparison:
    """Measure what one of the items costs that the second of two programs has more.

    Args:
        name: The name of an item.
        programs: A program, and the same one with more items.
        count: How many items more.
        baseline: The program that the result is compared with.
        pairs: How often each program runs.
        run: Runs a program.
    """
    run = run or run_program
    small, large = programs
    for program in (baseline, small, large):
        run(program)
    measured = [(run(baseline), run(small), run(large)) for _ in range(pairs)]
    return Comparison(
        name,
        [
            Run((b.seconds - a.seconds) / count, (b.cpu_seconds - a.cpu_seconds) / count)
            for _, a, b in measured
        ],
        [first for first, _, _ in measured],
    )


def run_program(program: Program) -> Run:
    """Run a program to its end.

    Raises:
        BenchError: It failed. Holds the end of its output.
    """
    cpu, start = _children_cpu_seconds(), time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own command
        list(program.command),
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise BenchError(f"{program.name} failed:\n{done.stdout[-2000:]}")
    return Run(seconds, _children_cpu_seconds() - cpu)


def format_table(comparisons: Sequence[Comparison]) -> str:
    """Return the comparisons as a Markdown table."""
    lines = [
        "| program | pairs | median | ratio to the empty app | ratio of CPU time |",
        "|---|---|---|---|---|",
    ]
    for comparison in comparisons:
        ratios = [_format_ratios(r) for r in (comparison.ratios(), comparison.cpu_ratios())]
        cells = [comparison.name, str(len(comparison.runs)), f"{comparison.median():.1f} s"]
        lines.append(f"| {' | '.join([*cells, *ratios])} |")
    return "\n".join(lines)


def print_progress(text: str) -> None:
    """Print what is measured now."""
    print(text, file=sys.stderr, flush=True)


def _format_ratios(ratios: Sequence[float]) -> str:
    spread = f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else ""
    return f"{statistics.median(ratios):.2f}{spread}"


def _children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
