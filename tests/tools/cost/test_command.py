"""The `cost` command: its output, its files and its errors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tools.cost.templates import stack, write_assembly
from tools.cost import __main__ as command
from tools.templates.synthesis import SynthesisError

KEY: tuple[str, dict[str, Any]] = ("AWS::KMS::Key", {})
CONFIG_RECORDER: tuple[str, dict[str, Any]] = ("AWS::Config::ConfigurationRecorder", {})


@pytest.fixture(autouse=True)
def fake_synthesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a working copy with two keys, and three revisions."""
    revisions = {
        "main": stack({"A": KEY}),
        "unpriced": stack({"A": ("AWS::Kinesis::Stream", {})}),
        "same": stack({"A": KEY, "B": KEY}),
    }

    @contextmanager
    def synthesize_checkout(stage: str) -> Iterator[Path]:
        folder = tmp_path / f"new-{stage}"
        write_assembly(folder, "account", [stack({"C": CONFIG_RECORDER})])
        yield write_assembly(folder, stage, [stack({"A": KEY, "B": KEY})])

    @contextmanager
    def synthesize_revision(revision: str, stage: str) -> Iterator[Path]:
        if revision not in revisions:
            raise SynthesisError(f"no such revision: {revision!r}")
        yield write_assembly(tmp_path / "old", stage, [revisions[revision]])

    monkeypatch.setattr(command, "synthesize_checkout", synthesize_checkout)
    monkeypatch.setattr(command, "synthesize_revision", synthesize_revision)


def test_it_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["production"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("production: USD per month, list prices of us-east-1 of 2026-11-23\n")
    assert "keys: 2 x 1.00" in shown


def test_the_account_stack_counts_for_the_stage_that_monitors_the_account(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["production"]) == 0
    assert "Config: configuration items" in capsys.readouterr().out
    assert command.main(["staging"]) == 0
    assert "Config: configuration items" not in capsys.readouterr().out


def test_it_writes_json(tmp_path: Path) -> None:
    json_file = tmp_path / "cost.json"
    assert command.main(["staging", "--json", str(json_file)]) == 0
    document = json.loads(json_file.read_text())
    assert document["stage"] == "staging"
    assert "against" not in document


def test_it_prints_and_writes_the_difference_from_a_revision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_file = tmp_path / "cost.json"
    assert command.main(["staging", "--against", "main", "--json", str(json_file)]) == 0
    assert "KMS keys                             2.50      3.50     +1.00\n" in (
        capsys.readouterr().out
    )
    assert json.loads(json_file.read_text())["against"]["change"] == 1.0


def test_it_prints_that_there_is_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["staging", "--against", "same"]) == 0
    assert "No difference" in capsys.readouterr().out


REFUSED = {
    "an unknown stage": (["prod"], "settings/prod.yaml: no such stage: 'prod'; allowed: "),
    "an unknown revision": (["staging", "--against", "no"], "no such revision: 'no'"),
    "a revision with something unpriced": (
        ["staging", "--against", "unpriced"],
        "revision unpriced: no price for spywatcher-production-x: A (AWS::Kinesis::Stream). Add",
    ),
    "a folder that is not there": (
        ["staging", "--json", "/nowhere/cost.json"],
        "cannot write /nowhere/cost.json: No such file or directory",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_error_is_one_message(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = REFUSED[case]
    assert command.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1
