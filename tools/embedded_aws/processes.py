"""Starts and stops processes, so that none of them outlives a command by accident."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from tools.embedded_aws.errors import EmbeddedAwsError

STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CommandInterrupt(BaseException):
    """A signal that ends this command. Like KeyboardInterrupt, it is not an Exception."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class ChildProcess:
    """A program in a session of its own, so that one signal reaches it and its descendants.

    In the terminal's session, Ctrl-C would reach every program at once, in no order.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path | None = None
    ) -> None:
        """Start the program. Its output goes to the log, or to the terminal without one."""
        self.log = log
        with contextlib.ExitStack() as files:
            output = files.enter_context(log.open("wb")) if log else None
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                list(command),
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.before_poll: Callable[[], None] = lambda: None

    def poll(self) -> int | None:
        """Return the exit code; None while the program runs."""
        self.before_poll()
        return self._process.poll()

    def stop(self) -> None:
        """Send SIGTERM to the program and its descendants, and SIGKILL after 5 seconds."""
        if self._process.poll() is None:
            _signal_group(self.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _signal_group(self.pid, signal.SIGKILL)
                self._process.wait()

    def output(self) -> str:
        """Return the text of the log; empty without one."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log else ""


class ChildProcesses:
    """The running child processes of one command.

    A context manager: inside it SIGINT, SIGTERM and SIGHUP raise a CommandInterrupt. Its end stops
    each child process that still runs, whatever the reason.
    """

    def __init__(self) -> None:
        self._running: list[ChildProcess] = []
        self._starting = False
        self._pending: int | None = None

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._interrupt) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            _ignore_signals()
        finally:
            for process in reversed(self._running):
                process.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path | None = None
    ) -> ChildProcess:
        """Start a program. A signal meanwhile takes effect afterwards: the child would be lost.

        Raises:
            EmbeddedAwsError: the program does not exist.
        """
        self._starting = True
        try:
            process = ChildProcess(command, folder, env, log)
            process.before_poll = self._raise_pending
            self._running.append(process)
        except FileNotFoundError:
            name = Path(command[0]).name
            raise EmbeddedAwsError(f"no such program: {name}; run: python3 dev.py setup") from None
        finally:
            self._starting = False
            self._raise_pending()
        return process

    def release(self, process: ChildProcess) -> None:
        """Let a process outlive the command."""
        self._running.remove(process)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        _ignore_signals()
        # Python ignores an exception in the callback of a weak reference, or in __del__, which the
        # signal may interrupt. The next poll of a child process then raises it again.
        self._pending = number
        if not self._starting:
            raise CommandInterrupt(number)

    def _raise_pending(self) -> None:
        if self._pending is not None:
            raise CommandInterrupt(self._pending)


def stop_process(pid: int) -> None:
    """Stop a process that an earlier command started as the leader of its own session."""
    _signal_group(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if is_running(pid):
        _signal_group(pid, signal.SIGKILL)


def kill_group(pid: int) -> None:
    """Kill what is left of the process group of a process that has ended."""
    _signal_group(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Return whether the process exists and has not ended.

    A process that has ended keeps its id until its parent reads the exit code. In a container, the
    new parent of an orphan may never read it.
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
    """Return the command line of a process; empty if there is none.

    It tells a process from a later one that has the same id.
    """
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


def descendants(pid: int) -> list[int]:
    """Return the ids of a process's descendants, deepest first; empty without /proc."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, file.read_text().split()):
                found.extend((*descendants(child), child))
    return found


def kill_descendants() -> None:
    """Kill every descendant of this process."""
    for pid in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _ignore_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
