"""The interrupts of a command."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tools.embedded_aws.processes import ChildProcesses, CommandInterrupt


class Interrupted:
    """An object whose finalizer is interrupted. Python ignores exceptions in it."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_ignores_is_raised_at_the_next_poll(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(CommandInterrupt), ChildProcesses() as processes:
        child = processes.start(sleep, tmp_path, os.environ)
        item = Interrupted()
        del item
        child.poll()
        pytest.fail("the interrupt is lost")
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)
