"""Synthesizes a stage from the working copy, from a git revision, or with the CDK CLI.

The first two run app.py without the CDK CLI, and need neither credentials nor lookups: the stage's
settings list the availability zones. Both use the account number of the embedded AWS, so that two
assemblies differ only where their code or settings differ.
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
from tools.cdk_context import read_context

ROOT = Path(__file__).resolve().parents[2]
_SHOWN_APP_LINES = 10
_SHOWN_CLI_LINES = 15


class SynthesisError(Exception):
    """A stage or a git revision cannot be synthesized. The text is shown to the user."""


@contextmanager
def synthesize_checkout(stage: str, checkout: Path = ROOT) -> Iterator[Path]:
    """Yield the folder of a stage's assembly, and delete it at the end.

    Raises:
        SynthesisError: app.py failed. Holds the last lines of its output.
    """
    with tempfile.TemporaryDirectory(prefix="spywatcher-assembly-") as folder:
        _run_app(checkout, stage, Path(folder))
        yield Path(folder)


@contextmanager
def synthesize_revision(revision: str, stage: str, repository: Path = ROOT) -> Iterator[Path]:
    """Yield the folder of a stage's assembly at a git revision, and delete it at the end.

    The code and the settings are those of the revision; the libraries are the installed ones. The
    files come from `git archive`, because a worktree stays registered if the command is killed.

    Args:
        revision: a branch, a tag or a commit, such as main or HEAD~1.
        stage: the name of the stage.
        repository: the folder of the git repository.

    Raises:
        SynthesisError: the revision does not exist, or its app.py failed.
    """
    with tempfile.TemporaryDirectory(prefix="spywatcher-revision-") as folder:
        checkout, assembly = Path(folder, "checkout"), Path(folder, "assembly")
        with zipfile.ZipFile(io.BytesIO(_archive(revision, repository))) as archive:
            archive.extractall(checkout)
        try:
            _run_app(checkout, stage, assembly)
        except SynthesisError as error:
            raise SynthesisError(f"revision {revision} cannot be synthesized: {error}") from None
        yield assembly


def synthesize_with_cli(root: Path, stage: str, output: Path) -> Path:
    """Synthesize a stage into a folder as `cdk deploy` does, for the account of the credentials.

    Raises:
        SynthesisError: the CDK CLI is not installed, or it failed. Holds the end of its output.
    """
    options = ["--quiet", "--no-notices", "--no-version-reporting"]
    command = ["cdk", "synth", *options, "-c", f"stage={stage}", "-o", str(output)]
    try:
        result = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=root,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise SynthesisError("there is no cdk; it is installed by: python3 dev.py setup") from None
    if result.returncode:
        last_lines = "\n".join(result.stdout.strip().splitlines()[-_SHOWN_CLI_LINES:])
        raise SynthesisError(f"cdk synth of {stage} failed:\n{last_lines}")
    return output


def has_stage(revision: str, stage: str, repository: Path = ROOT) -> bool:
    """Return whether a git revision has settings for the stage.

    Raises:
        SynthesisError: the revision does not exist.
    """
    commit = _resolve_commit(revision, repository)
    file = f"settings/{stage}.yaml"
    return bool(_git(revision, repository, "ls-tree", "--name-only", commit, file).strip())


def _resolve_commit(revision: str, repository: Path) -> str:
    arguments = ("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    return _git(revision, repository, *arguments).decode().strip()


def _archive(revision: str, repository: Path) -> bytes:
    """Return the files of a revision as a zip archive."""
    commit = _resolve_commit(revision, repository)
    return _git(revision, repository, "archive", "--format=zip", commit)


def _git(revision: str, repository: Path, *arguments: str) -> bytes:
    """Return the output of a git command that reads a revision."""
    command = ["git", "-C", str(repository), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603
    except FileNotFoundError:
        raise SynthesisError("a comparison with a revision needs git on the PATH") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise SynthesisError(
            f"no such revision: {revision!r} ({reason}); allowed: a commit, branch or tag of "
            f"{repository} (a shallow clone holds few: git fetch --unshallow)"
        ) from None


def _run_app(checkout: Path, stage: str, assembly: Path) -> None:
    """Run app.py as the CDK CLI does, with the context of cdk.json."""
    context = read_context(checkout)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    environment = inherited | {
        "CDK_CONTEXT_JSON": json.dumps(context | {"stage": stage}),
        "CDK_DEFAULT_ACCOUNT": EMBEDDED_ACCOUNT,
        "CDK_OUTDIR": str(assembly),
        # Python finds the checkout's constructs before the installed ones of the working copy.
        "PYTHONPATH": str(checkout / "constructs"),
    }
    result = subprocess.run(
        [sys.executable, "app.py"], cwd=checkout, env=environment, capture_output=True, text=True
    )
    if result.returncode:
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
        raise SynthesisError("\n".join(lines[-_SHOWN_APP_LINES:]))
