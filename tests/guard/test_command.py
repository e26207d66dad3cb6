"""The command: against a git revision, without an AWS account."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.__main__ import main
from tests.synthesis import ROOT

TREE = ("app.py", "cdk.json", "settings", "stacks", "constructs", "k8s", "cloudformation", "guard")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository of this project, with one commit."""
    root = tmp_path_factory.mktemp("repository")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    path = [Path(sys.executable).parent, ROOT / "node_modules" / ".bin", os.environ["PATH"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join(map(str, path)))
        git(root, "init", "--quiet")
        git(root, "add", ".")
        git(root, "commit", "--quiet", "-m", "first")
        yield root


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


def test_a_change_since_a_revision_is_stopped_unless_it_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = repository / "stacks" / "database_credentials.py"
    text = credentials.read_text()
    assert 'ADMINISTRATOR = "spywatcher_admin"' in text
    credentials.write_text(text.replace("spywatcher_admin", "another_admin"))
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")

    assert main(["staging", "--against", "HEAD"], repository) == 1

    error = capsys.readouterr().err
    assert 'MasterUsername changes from "spywatcher_admin" to "another_admin"' in error
    assert "DatabaseCredentialsAdmin" in error  # its value would be generated anew
    assert git(repository, "worktree", "list").count("\n") == 1


def test_an_unknown_revision_is_one_message(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staging", "--against", "nonsense"], repository) == 1
    assert "invalid reference: nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "settings/nowhere.yaml"),
        (["staging", "--against", "HEAD", "--assembly", "cdk.out"], "not allowed with argument"),
        (["staging", "--assembly", "/nowhere"], "/nowhere/assembly-staging holds no synthesized"),
    ],
)
def test_unusable_arguments_are_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
