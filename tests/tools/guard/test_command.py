"""The `guard` command with a git revision, which needs no AWS account."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.guard.__main__ import main

APP = """
import json, os
from pathlib import Path
from naming import DATABASE

output = Path(os.environ["CDK_OUTDIR"])
stage = output / "assembly-staging"
stage.mkdir(parents=True, exist_ok=True)
properties = {"DBInstanceClass": "db.t3.medium", "DBName": DATABASE}
resources = {"Database": {"Type": "AWS::RDS::DBInstance", "Properties": properties}}
stack = {
    "type": "aws:cloudformation:stack",
    "environment": "aws://000000000000/us-east-1",
    "properties": {"templateFile": "data.json", "stackName": "staging-data"},
}
(stage / "data.json").write_text(json.dumps({"Resources": resources}))
nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": stage.name}}
for folder, artifact in ((output, nested), (stage, stack)):
    manifest = {"version": "36.0.0", "artifacts": {"data": artifact}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
"""
FILES = {
    "app.py": APP,
    "cdk.json": '{"app": "python3 app.py", "context": {}}',
    "constructs/naming.py": 'DATABASE = "one"\n',
    "settings/staging.yaml": "",
}
"""An app with the folders of this repository. It writes its assembly without the CDK."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with one commit, in a folder whose name contains a space."""
    root = tmp_path / "a repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    yield root
    assert git(root, "worktree", "list").count("\n") == 1


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


def test_a_replacement_since_a_revision_stops_unless_it_is_allowed(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "constructs" / "naming.py").write_text('DATABASE = "another"\n')
    against = ["staging", "--against", "HEAD"]

    assert main(against, repository) == 1
    assert 'DBName changes from "one" to "another"' in capsys.readouterr().err

    assert main([*against, "--allow-replacement", "staging-data/Database"], repository) == 0
    assert capsys.readouterr().out == (
        "staging-data/Database is let through.\n"
        "staging: nothing else that holds data is replaced or deleted, and no change was found "
        "that AWS refuses.\n"
    )


def test_the_error_of_an_app_that_cannot_be_synthesized_is_one_message(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "app.py").write_text("raise SystemExit('settings/staging.yaml: domain: wrong')")
    assert main(["staging", "--against", "HEAD"], repository) == 1
    error = capsys.readouterr().err
    assert error == "settings/staging.yaml: domain: wrong\n"


def test_a_stage_that_the_revision_does_not_have_has_no_findings(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["production", "--against", "HEAD"], repository) == 0
    assert "production: nothing that holds data" in capsys.readouterr().out


def test_an_unknown_revision_is_refused_with_one_message(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staging", "--against", "nonsense"], repository) == 1
    assert "no such revision: 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "settings/nowhere.yaml"),
        (["staging", "--against", "HEAD", "--assembly", "cdk.out"], "not allowed with argument"),
        (["staging", "--assembly", "/nowhere"], "/nowhere/assembly-staging holds no synthesized"),
    ],
)
def test_unusable_arguments_are_refused_with_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
