"""The synthesis of a checkout and of a git revision, with an app that does not use the CDK."""

import subprocess
from pathlib import Path

import pytest

from tools.templates.synthesis import SynthesisError, synthesize_checkout, synthesize_revision

APP = """\
import json, os, pathlib
import library
context = json.loads(os.environ["CDK_CONTEXT_JSON"])
if context["stage"] == "prod":
    raise SystemExit("settings/prod.yaml: no such stage")
folder = pathlib.Path(os.environ["CDK_OUTDIR"])
folder.mkdir(exist_ok=True)
(folder / "output").write_text(f"{library.VERSION} {context['flag']} {context['stage']}")
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


def write_library(folder: Path, version: str) -> None:
    (folder / "constructs" / "library.py").write_text(f"VERSION = {version!r}\n")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits and a change, whose app writes the version of its library."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "constructs").mkdir()
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "cdk.json").write_text('{"context": {"flag": true}}')
    write_library(tmp_path, "one")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=one")
    write_library(tmp_path, "two")
    git(tmp_path, "commit", "--quiet", "--all", "--message=two")
    write_library(tmp_path, "uncommitted")
    return tmp_path


@pytest.mark.parametrize(("revision", "version"), [("HEAD~1", "one"), ("main", "two")])
def test_a_revision_is_synthesized_from_its_own_files(
    repository: Path, revision: str, version: str
) -> None:
    with synthesize_revision(revision, "staging", repository) as assembly:
        assert (assembly / "output").read_text() == f"{version} True staging"


def test_a_checkout_is_synthesized_with_its_uncommitted_changes(repository: Path) -> None:
    with synthesize_checkout("staging", repository) as assembly:
        assert (assembly / "output").read_text() == "uncommitted True staging"


def test_a_synthesis_leaves_no_files_and_no_worktree(repository: Path) -> None:
    before = git(repository, "status", "--porcelain"), git(repository, "worktree", "list")
    with synthesize_revision("main", "staging", repository) as assembly:
        folder = assembly
    assert not folder.parent.exists()
    assert (git(repository, "status", "--porcelain"), git(repository, "worktree", "list")) == before


@pytest.mark.parametrize("revision", ["nothing", "--help", "HEAD:app.py"])
def test_an_unknown_revision_is_refused_with_its_name(repository: Path, revision: str) -> None:
    with (
        pytest.raises(SynthesisError) as caught,
        synthesize_revision(revision, "staging", repository),
    ):
        pass
    assert str(caught.value).startswith(f"no such revision: {revision!r} (")


def test_the_error_of_the_app_is_shown(repository: Path) -> None:
    with pytest.raises(SynthesisError) as caught, synthesize_checkout("prod", repository):
        pass
    assert str(caught.value) == "settings/prod.yaml: no such stage"
    with pytest.raises(SynthesisError) as caught, synthesize_revision("main", "prod", repository):
        pass
    assert str(caught.value) == (
        "revision main cannot be synthesized: settings/prod.yaml: no such stage"
    )


def test_the_app_does_not_get_the_credentials(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "app.py").write_text(
        APP + "assert os.environ['CDK_DEFAULT_ACCOUNT'] == '0' * 12\n"
        "assert not [name for name in os.environ if name.startswith('AWS_')]\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "1" * 12)
    with synthesize_checkout("staging", repository) as assembly:
        assert (assembly / "output").exists()
