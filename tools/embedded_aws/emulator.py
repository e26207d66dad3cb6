"""The client side of the embedded AWS: starts it, finds a running one, and calls its API."""

import contextlib
import errno
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tools.embedded_aws.environment import require_loopback
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.processes import (
    POLL_SECONDS,
    ChildProcess,
    ChildProcesses,
    command_line,
    is_running,
    stop_process,
)

SERVER = (sys.executable, "-m", "tools.embedded_aws.server")
START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
SHOWN_LOG_LINES = 20


@dataclass(frozen=True)
class Resource:
    """One resource of a deployed stack."""

    stack: str
    logical_id: str
    type: str
    physical_id: str
    fidelity: str
    """A value of `fidelity.py`."""
    note: str = ""


@dataclass(frozen=True)
class Emulator:
    """A running embedded AWS."""

    pid: int
    port: int
    endpoint: str
    owner: int = 0
    """The id of the command that stops it when it ends; 0 if it runs until `stop-local`."""

    def resources(self, stack: str) -> list[Resource]:
        """Return the resources of a stack."""
        found = self._get(f"/_local/resources?stack={quote(stack)}")
        return [Resource(**resource) for resource in found]

    def has_docker(self) -> bool:
        """Return whether a Docker engine runs the clusters, databases and caches."""
        return bool(self._get("/_local/mode")["docker"])

    def is_alive(self) -> bool:
        """Return whether the process is the embedded AWS, and answers."""
        if not is_running(self.pid) or "server" not in command_line(self.pid):
            return False
        with contextlib.suppress(EmbeddedAwsError):
            self.has_docker()
            return True
        return False

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        require_loopback(self.endpoint)
        url = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=ANSWER_SECONDS)
        try:
            with contextlib.closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise EmbeddedAwsError(f"the embedded AWS does not answer: {error}") from None
        if answer.status != http.HTTPStatus.OK:
            text = body.decode(errors="replace")[:200]
            raise EmbeddedAwsError(f"the embedded AWS answered {answer.status} to {path}: {text}")
        return json.loads(body)


class StateFile:
    """The file that names the embedded AWS that runs for a checkout."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def running(self) -> Emulator | None:
        """Return the embedded AWS that runs. Delete the file if it names one that does not.

        An embedded AWS whose owner was killed is stopped first.
        """
        try:
            emulator = Emulator(**json.loads(self.file.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            self.delete()
            return None
        if emulator.is_alive():
            if not emulator.owner or is_running(emulator.owner):
                return emulator
            stop_process(emulator.pid)
        self.delete()
        return None

    def write(self, emulator: Emulator) -> None:
        """Write the file in one step, so that no reader finds half of it."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(emulator)) + "\n")
        draft.replace(self.file)

    def delete(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)


def start(
    processes: ChildProcesses,
    root: Path,
    env: Mapping[str, str],
    log: Path,
    port: int = 0,
    server: Sequence[str] = SERVER,
) -> "StartingEmulator":
    """Start an embedded AWS on a port of 127.0.0.1; 0: a free one."""
    # The server writes its own log beside this file, to aws.log.
    ready = log.with_suffix(".json")
    ready.unlink(missing_ok=True)
    command = [*server, "--port", str(port), "--ready-file", str(ready)]
    return StartingEmulator(processes.start(command, root, env, log), ready)


@dataclass(frozen=True)
class StartingEmulator:
    """An embedded AWS that is starting."""

    process: ChildProcess
    ready_file: Path

    def wait(self) -> Emulator:
        """Wait until it answers.

        Raises:
            EmbeddedAwsError: it ended, or did not answer within a minute. Holds the end of its log.
        """
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError, ValueError):
                found = json.loads(self.ready_file.read_text())
                require_loopback(found["endpoint"])
                return Emulator(found["pid"], found["port"], found["endpoint"], os.getpid())
            time.sleep(POLL_SECONDS)
        tail = "\n".join(f"  | {t}" for t in self.process.output().splitlines()[-SHOWN_LOG_LINES:])
        raise EmbeddedAwsError(f"the embedded AWS did not start; its last lines:\n{tail}")


def require_free(port: int) -> None:
    """Raise an EmbeddedAwsError unless a server can listen on the port of 127.0.0.1."""
    if not 0 < port < 2**16:
        raise EmbeddedAwsError(f"--port: found {port}; allowed: 1 to 65535, or 0 for a free one")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken by another program" if taken else f"cannot be used: {error.strerror}"
            raise EmbeddedAwsError(
                f"port {port} of 127.0.0.1 {reason}; choose another with --port, or none"
            ) from None
