"""Runs `cdk diff --template` for a stack, and separates the tables of permissions from the rest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.review.errors import ReviewError
from tools.templates.assembly import AssemblyStack

_HEADER = re.compile(r"^Stack \S", re.MULTILINE)
_TABLES = re.compile(r"^[^\n]* Changes\n┌.*?^\(NOTE: [^\n]*\n", re.MULTILINE | re.DOTALL)
"""From the title of the first table, such as IAM Statement Changes, to the note after the last."""
_NOTE = re.compile(r"^\(NOTE: [^\n]*\n", re.MULTILINE)
_EPILOGUE = "Number of stacks with differences"
_SHOWN_LINES = 10


@dataclass(frozen=True)
class CdkDiff:
    """The output of `cdk diff` for a stack."""

    broadens_access: bool
    """Whether `cdk diff --fail-on broadening` fails."""
    permissions: str
    """The tables of IAM statements, managed policies and security groups; empty without changes."""
    differences: str
    """The other differences."""


def cdk_diff(stack: AssemblyStack, before: Mapping[str, Any], assembly: Path) -> CdkDiff:
    """Return what `cdk diff` says about a stack.

    Args:
        stack: the synthesized stack.
        before: the template to compare with; an empty one for a new stack.
        assembly: the folder of the app's cloud assembly.

    Raises:
        ReviewError: the CDK CLI is not installed, or it failed.
    """
    with tempfile.TemporaryDirectory(prefix="review-diff-") as folder:
        template = Path(folder, "before.json")
        template.write_text(json.dumps(before), encoding="utf-8")
        command = ["cdk", "diff", stack.construct_path, "--exclusively"]
        command += ["--app", str(assembly.resolve()), "--template", str(template)]
        command += ["--fail-on", "broadening", "--no-color", "--no-notices"]
        output, code = _run([*command, "--no-version-reporting"], Path(folder))
    header = _HEADER.search(output)
    if not header or (code and _EPILOGUE not in output):
        last_lines = "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
        raise ReviewError(f"cdk diff {stack.construct_path} failed:\n{last_lines}")
    text = output[header.start() :].partition("\n")[2].rpartition(_EPILOGUE)[0] or ""
    return _parse(text, broadens_access=code != 0)


def _parse(text: str, *, broadens_access: bool) -> CdkDiff:
    text = text.rstrip("\n ✨")
    tables = _TABLES.search(text + "\n")
    permissions = _NOTE.sub("", tables.group()) if tables else ""
    differences = text.replace(tables.group(), "") if tables else text
    return CdkDiff(broadens_access, permissions.strip("\n"), differences.strip("\n"))


def _run(command: list[str], folder: Path) -> tuple[str, int]:
    """Return the output of a command and its exit code.

    Templates are files, so the command gets no credentials. With the width of a terminal (COLUMNS),
    the CLI would wrap the cells of its tables.
    """
    ignored = ("AWS_", "COLUMNS")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ignored)}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1"}
    try:
        result = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=folder,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise ReviewError("there is no cdk; it is installed by: python3 dev.py setup") from None
    return result.stdout, result.returncode
