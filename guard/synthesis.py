"""Synthesizes a stage as it is here, or as it was in a git revision."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from guard.problem import GuardError

_QUIET = ("--quiet", "--no-notices", "--no-version-reporting")
_SHOWN_LINES = 15
_NO_ACCOUNT = "000000000000"


class Synthesis:
    """A synthesis at work; several of them share the machine's cores."""

    def __init__(
        self, root: Path, stage: str, output: Path, environment: Mapping[str, str]
    ) -> None:
        """Start it: the app in `root`, into the folder `output`."""
        self._what = f"cdk synth of {stage} in {root}"
        self.output = output
        command = ["cdk", "synth", *_QUIET, "-c", f"stage={stage}", "-o", str(output)]
        # Not what happens to be installed: constructs/ of the same revision.
        own = {"PYTHONPATH": str(root / "constructs")}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=root,
                env={**environment, **own},
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except FileNotFoundError:
            raise GuardError("there is no cdk; it is installed by: python3 dev.py setup") from None

    def wait(self) -> Path:
        """Return the folder of the assembly.

        Raises:
            GuardError: it failed. Holds the end of what it said.
        """
        output, _ = self._process.communicate()
        if self._process.returncode:
            tail = "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
            raise GuardError(f"{self._what} failed:\n{tail}")
        return self.output

    def stop(self) -> None:
        """End it, if it still works."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


@contextmanager
def working_tree_of(root: Path, revision: str, folder: Path) -> Iterator[Path]:
    """Check a revision out into a temporary folder.

    Raises:
        GuardError: git knows no such revision.
    """
    tree = folder / "revision"
    _git(root, "worktree", "add", "--detach", "--force", str(tree), revision)
    try:
        yield tree
    finally:
        _git(root, "worktree", "remove", "--force", str(tree))


def without_account(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a synthesis that must not ask AWS for the account.

    Both sides of a comparison get the same one, so it changes nothing.
    """
    kept = {k: v for k, v in inherited.items() if not k.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": _NO_ACCOUNT,
    }


def _git(root: Path, *arguments: str) -> None:
    result = subprocess.run(  # noqa: S603 - our own command
        ["git", "-C", str(root), *arguments],  # noqa: S607 - the user's git
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise GuardError(f"git {' '.join(arguments)}: {result.stderr.strip()}")
