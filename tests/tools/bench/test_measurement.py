"""The measurement of programs in pairs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from settings import load_stage, resolve_accounts, stage_names
from settings.accounts import EMBEDDED_ACCOUNT
from tests.synthesis import ROOT
from tools.bench import __main__ as command
from tools.bench.larger_apps import SERVICES, add_stages, add_tracks
from tools.bench.measurement import (
    BenchError,
    Comparison,
    Program,
    Run,
    compare,
    compare_growth,
    format_table,
    run_program,
)

EMPTY, APP = (Program(name, [], {}) for name in ("empty", "app"))


def recorder(seconds: dict[str, list[float]], order: list[str]) -> Callable[[Program], Run]:
    def run(program: Program) -> Run:
        order.append(program.name)
        measured = seconds[program.name].pop(0)
        return Run(measured, measured)

    return run


def test_programs_run_once_to_warm_up_and_then_in_turns() -> None:
    order: list[str] = []
    seconds = {"empty": [9.0, 1.0, 2.0], "app": [99.0, 3.0, 8.0]}
    comparison = compare(APP, EMPTY, 2, recorder(seconds, order))
    assert order == ["empty", "app"] * 3
    assert comparison.ratios() == [3.0, 4.0]


def test_growth_is_the_difference_of_two_programs_for_each_further_item() -> None:
    order: list[str] = []
    small, large = (Program(name, [], {}) for name in ("small", "large"))
    seconds = {"empty": [9.0, 1.0, 2.0], "small": [9.0, 3.0, 4.0], "large": [9.0, 7.0, 6.0]}
    growth = compare_growth("a further item", (small, large), 2, EMPTY, 2, recorder(seconds, order))
    assert order == ["empty", "small", "large"] * 3
    assert growth.ratios() == [2.0, 0.5]


def test_a_further_stage_is_one_that_the_settings_accept(tmp_path: Path) -> None:
    add_stages(ROOT, tmp_path / "app", 2)
    folder = tmp_path / "app" / "settings"
    names = stage_names(folder)
    assert names == ["production", "staging", "staging1", "staging2"]
    stages = [load_stage(name, folder) for name in names]
    assert set(resolve_accounts(stages, EMBEDDED_ACCOUNT).values()) == {EMBEDDED_ACCOUNT}


def test_a_second_track_is_one_that_the_settings_accept(tmp_path: Path) -> None:
    add_tracks(ROOT, tmp_path / "app")
    services = load_stage("staging", tmp_path / "app" / "settings").services.by_name()
    assert [services[name].delivery.has_two_tracks for name in SERVICES] == [True, True]


def test_the_table_has_the_median_and_the_spread() -> None:
    runs = [Run(seconds, 2 * seconds) for seconds in (3.0, 4.0, 10.0)]
    table = format_table([Comparison("app", runs, [Run(2.0, 1.0)] * 3)])
    assert table.splitlines()[-1] == (
        "| app | 3 | 4.0 s | 2.00 (1.50 to 5.00) | 8.00 (6.00 to 20.00) |"
    )


def test_a_failed_program_is_an_error_with_its_output() -> None:
    failing = Program("app", [sys.executable, "-c", "print('why'); exit(1)"], {})
    with pytest.raises(BenchError, match="app failed:\nwhy"):
        run_program(failing)


def test_the_time_on_a_processor_is_that_of_the_program() -> None:
    code = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    run = run_program(Program("busy", [sys.executable, "-c", code], {}))
    assert run.cpu_seconds >= 0.3
    assert run.seconds >= run.cpu_seconds * 0.5


@pytest.mark.parametrize("arguments", [["sinth"], ["--pairs", "-1"]])
def test_unusable_arguments_are_one_message(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 1
    message = capsys.readouterr().err
    assert message.startswith("bench: found ")
    assert message.count("\n") == 1


def test_the_empty_app_is_synthesized_with_the_flags_of_the_app(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = []

    def run(program: Program) -> Run:
        environments.append(program.environment)
        return Run(1.0, 1.0)

    monkeypatch.setattr(command, "run_program", run)
    assert command.main(["synth", "--pairs", "1"]) == 0
    flags = [environment["CDK_CONTEXT_JSON"] for environment in environments]
    assert len(set(flags)) == 1
    assert "synthesis of both stages | 1 | 1.0 s | 1.00 | 1.00" in capsys.readouterr().out
