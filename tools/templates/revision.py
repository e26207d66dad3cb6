"""Synthesizes a stage apart from the CDK CLI: as the working copy has it, or as a revision had it.

No credentials and no look-up: the stage's file names its zones, and an account is only a number in
ARNs. It is the embedded AWS's, so that two revisions differ in nothing but their code.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settings.accounts import EMBEDDED_ACCOUNT

ROOT = Path(__file__).resolve().parents[2]
_SHOWN_LINES = 10


class RevisionError(Exception):
    """A stage that cannot be synthesized, or a revision that is not there; the text says which."""


@contextmanager
def synthesized(stage: str, checkout: Path = ROOT) -> Iterator[Path]:
    """Yield the assembly of a stage as the checkout has it; the folder goes at the end.

    Raises:
        RevisionError: the app refuses; the text is its own.
    """
    with tempfile.TemporaryDirectory(prefix="spywatcher-assembly-") as folder:
        _run_app(checkout, stage, Path(folder))
        yield Path(folder)


@contextmanager
def synthesized_revision(revision: str, stage: str, repository: Path = ROOT) -> Iterator[Path]:
    """Yield the assembly of a stage as a git revision had it; the folder goes at the end.

    The revision's code and settings, with the libraries that are installed now. Its files are
    unpacked from `git archive`: a worktree would stay registered where the command is killed.

    Args:
        revision: what git takes for a commit: a branch, a tag, a hash, HEAD~1.
        stage: the stage's name.
        repository: where the revision is looked up.

    Raises:
        RevisionError: git does not know the revision, or its app refuses.
    """
    with tempfile.TemporaryDirectory(prefix="spywatcher-revision-") as folder:
        checkout, assembly = Path(folder, "checkout"), Path(folder, "assembly")
        with zipfile.ZipFile(io.BytesIO(_archive(revision, repository))) as archive:
            archive.extractall(checkout)
        try:
            _run_app(checkout, stage, assembly)
        except RevisionError as error:
            raise RevisionError(f"revision {revision} cannot be synthesized: {error}") from None
        yield assembly


def has_stage(revision: str, stage: str, repository: Path = ROOT) -> bool:
    """Whether a git revision had the stage's settings.

    Raises:
        RevisionError: git does not know the revision.
    """
    path = f"settings/{stage}.yaml"
    listed = _git(
        repository, "ls-tree", "--name-only", _commit(revision, repository), path, for_what=revision
    )
    return bool(listed.strip())


def _commit(revision: str, repository: Path) -> str:
    found = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    return found.decode().strip()


def _archive(revision: str, repository: Path) -> bytes:
    """Return the revision's files as a zip archive."""
    commit = _commit(revision, repository)
    return _git(repository, "archive", "--format=zip", commit, for_what=revision)


def _git(repository: Path, *arguments: str, for_what: str = "") -> bytes:
    command = ["git", "-C", str(repository), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603
    except FileNotFoundError:
        raise RevisionError("a comparison with a revision needs git on the PATH") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        what = for_what or arguments[-1].removesuffix("^{commit}")
        raise RevisionError(
            f"no such revision: {what!r} ({said}); allowed: a commit, branch or tag of "
            f"{repository} (a shallow clone holds few: git fetch --unshallow)"
        ) from None


def _run_app(checkout: Path, stage: str, assembly: Path) -> None:
    """Run the checkout's app.py as the CDK CLI would, with the context of its cdk.json."""
    context = json.loads((checkout / "cdk.json").read_text(encoding="utf-8"))["context"]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    environment = inherited | {
        "CDK_CONTEXT_JSON": json.dumps(context | {"stage": stage}),
        "CDK_DEFAULT_ACCOUNT": EMBEDDED_ACCOUNT,
        "CDK_OUTDIR": str(assembly),
        # Before the installed package, which is the working copy's.
        "PYTHONPATH": str(checkout / "constructs"),
    }
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=checkout, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise RevisionError("\n".join(lines[-_SHOWN_LINES:]))
