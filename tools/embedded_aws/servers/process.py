"""A server as a child process, and the folder of its files."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.01
SHOWN_LOG_LINES = 10


class ServerError(Exception):
    """A server did not start, or has ended. The text has the last lines of its log."""


class ServerProcess:
    """A running server that writes its output to a log file."""

    def __init__(
        self,
        title: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        user: int | None = None,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start the server.

        Args:
            title: The name of the server in messages, such as "PostgreSQL spywatcher-staging".
            command: The program and its arguments.
            log: The log file.
            user: The id of the user that runs the server. It is the current user by default.
            env: The environment of the server. It is empty by default.
            stop_signal: The signal that stops the server without waiting for its clients.
        """
        self.title = title
        self._log = log
        self._stop_signal = stop_signal
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                list(command),
                cwd="/",
                env=dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        self.pid = self._process.pid

    def is_running(self) -> bool:
        """Return whether the server has not ended."""
        return self._process.poll() is None

    def require_running(self) -> None:
        """Raise a ServerError if the server has ended."""
        if not self.is_running():
            raise ServerError(f"{self.title} has ended; {self.format_log()}")

    def wait_until_ready(self, is_ready: Callable[[], bool]) -> None:
        """Wait until the function returns true.

        Raises:
            ServerError: The server has ended, or is not ready within 20 seconds.
        """
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            self.require_running()
            if time.monotonic() > deadline:
                raise ServerError(f"{self.title} does not answer; {self.format_log()}")
            time.sleep(POLL_SECONDS)

    def wait(self) -> int:
        """Wait until the server ends, and return its exit code."""
        return self._process.wait()

    def format_log(self) -> str:
        """Return the last lines of the log as the end of a message."""
        text = self._log.read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()[-SHOWN_LOG_LINES:]
        return "\n".join(["the last lines of its log:", *(f"  | {line}" for line in lines)])

    def stop(self) -> None:
        """Stop the server; kill it after 5 seconds."""
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def create_folder(prefix: str) -> Path:
    """Create a temporary folder for servers, which only this user and that of a server may enter.

    The user of a server must be able to reach it. A folder of root's, such as one of `mktemp -d`,
    does not let other users through.

    Raises:
        ServerError: There is no user that can run a server.
    """
    user = unprivileged_user()
    parents = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    parent = next((path for path in parents if is_accessible(path, user)), parents[0])
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    give_to(folder, user)
    return folder


def give_to(path: Path, user: int | None) -> None:
    """Make the user the owner of a file or folder."""
    if user is not None:
        os.chown(path, user, user)


def is_accessible(path: Path, user: int | None) -> bool:
    """Return whether the user may enter every folder of the path."""
    if user is None:
        return True
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def unprivileged_user() -> int | None:
    """Return the id of the user that runs a server which refuses root; None if we are not root.

    Raises:
        ServerError: There is no such user. PostgreSQL's initdb needs one with a name.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise ServerError("PostgreSQL does not run as root, and there is no user nobody") from None


def remove_folder(folder: Path) -> None:
    """Delete a folder, if it exists."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
