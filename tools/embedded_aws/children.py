"""Ends the processes that the emulator started: its Lambda workers outlive their parent."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path


def end_children() -> None:
    """Ask the emulator to end its workers, then kills every process that is still below us."""
    runtime = sys.modules.get("ministack.core.lambda_runtime")
    if runtime is not None:
        with contextlib.suppress(Exception):
            runtime.reset()
    for child in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Process ids below `pid`, deepest first; empty where there is no /proc."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, file.read_text().split()):
                found.extend((*descendants(child), child))
    return found
