"""Synthesizes a stage for the account of the caller's credentials, as a deploy would."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.guard.errors import GuardError

_QUIET = ("--quiet", "--no-notices", "--no-version-reporting")
_SHOWN_LINES = 15


def synthesized_by_cli(root: Path, stage: str, output: Path) -> Path:
    """Return the folder of the assembly, made by the CDK CLI, which knows the account.

    Raises:
        GuardError: it failed, with the end of what it said; or there is no CLI.
    """
    command = ["cdk", "synth", *_QUIET, "-c", f"stage={stage}", "-o", str(output)]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=root,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise GuardError("there is no cdk; it is installed by: python3 dev.py setup") from None
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-_SHOWN_LINES:])
        raise GuardError(f"cdk synth of {stage} failed:\n{tail}")
    return output
