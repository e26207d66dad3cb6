"""Programs started by a local command: none outlives it by accident."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from tools.embedded_aws.errors import LocalError

STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked this command to end. Not an Exception, so that nothing swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Child:
    """A program in a session of its own, so that it and what it starts can be ended as one.

    In the terminal's session, Ctrl-C would reach every program at once, in no order.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path | None = None
    ) -> None:
        """Start the program. Its output goes to the log, or to the terminal without one."""
        self.log = log
        with contextlib.ExitStack() as files:
            output = files.enter_context(log.open("wb")) if log else None
            self._process = subprocess.Popen(  # noqa: S603 - a command of ours, no shell
                list(command),
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Return the exit code once it has ended."""
        return self._process.wait()

    def stop(self) -> None:
        """End it and what it started: first asked to, then made to after 5 seconds."""
        if self._process.poll() is None:
            _signal_group(self.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _signal_group(self.pid, signal.SIGKILL)
                self._process.wait()

    def output(self) -> str:
        """Return what is in the log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log else ""


class Children:
    """The running children of one command. Leaving it, for whatever reason, stops them."""

    def __init__(self) -> None:
        self._running: list[Child] = []
        self._starting = False
        self._pending: int | None = None

    def start(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path | None = None
    ) -> Child:
        """Start a program. A signal that arrives meanwhile waits, or the child would be lost.

        Raises:
            LocalError: there is no such program.
        """
        self._starting = True
        try:
            child = Child(command, folder, env, log)
            self._running.append(child)
        except FileNotFoundError:
            name = Path(command[0]).name
            raise LocalError(f"no such program: {name}; run: python3 dev.py setup") from None
        finally:
            self._starting = False
            if self._pending is not None:
                raise Interrupted(self._pending)
        return child

    def release(self, child: Child) -> None:
        """Let a child live on when the command ends."""
        self._running.remove(child)

    @contextlib.contextmanager
    def guarded(self) -> Iterator["Children"]:
        """Turn SIGINT, SIGTERM and SIGHUP into Interrupted; stop what still runs at the end."""
        before = {number: signal.signal(number, self._interrupt) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            for child in reversed(self._running):
                child.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        if self._starting:
            self._pending = number
        else:
            raise Interrupted(number)


def stop_process(pid: int) -> None:
    """End a process that an earlier command started as the leader of its own session."""
    _signal_group(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if is_running(pid):
        _signal_group(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Tell whether there is such a process, and it has not ended.

    One that has ended keeps its id until its parent asks for the exit code; an orphan's new parent,
    in a container, may never ask.
    """
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in ("Z", "X")


def command_line(pid: int) -> str:
    """Return the command line of a process; empty when there is none. Pids are used again."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        pass
    try:
        answer = subprocess.run(  # noqa: S603 - macOS has no /proc
            ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True
        )
    except OSError:
        return ""
    return answer.stdout


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
