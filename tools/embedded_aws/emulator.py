"""The client side of the embedded AWS: starts it, finds a running one, and calls its API."""

import contextlib
import errno
import http.client
import json
import os
import shutil
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
    kill_group,
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
class Mode:
    """What implements the resources of an embedded AWS."""

    docker: bool
    """A Docker engine runs clusters and caches."""
    kubernetes: str
    """`k3s`, or `schemas` if objects are only checked."""
    control_plane_only: bool
    """It was started with --control-plane-only."""
    certificate: str
    """The file with the certificate authority of the servers, if there are any."""
    missing: list[str]
    """The servers that have no package for this platform, with the reason."""
    errors: list[str]
    """Why servers have ended or cannot start, with the last lines of their logs."""


@dataclass(frozen=True)
class Server:
    """A server of the data plane."""

    title: str
    endpoint: str
    """Host and port."""
    pid: int
    error: str
    """Why it has ended; empty while it runs."""


@dataclass(frozen=True)
class Emulator:
    """A running embedded AWS."""

    pid: int
    port: int
    endpoint: str
    owner: int = 0
    """The id of the command that stops it when it ends; 0 if it runs until `stop-local`."""
    folder: str = ""
    """The folder of its files, which it deletes when it ends."""

    def resources(self, stack: str) -> list[Resource]:
        """Return the resources of a stack."""
        found = self._get(f"/_local/resources?stack={quote(stack)}")
        return [Resource(**resource) for resource in found]

    def mode(self) -> Mode:
        """Return what implements the resources."""
        return Mode(**self._get("/_local/mode"))

    def servers(self) -> list[Server]:
        """Return the servers of the data plane."""
        return [Server(**server) for server in self._get("/_local/servers")]

    def require_servers(self) -> None:
        """Raise an EmbeddedAwsError if a server has ended or cannot start, with its log."""
        for error in self.mode().errors:
            raise EmbeddedAwsError(error)

    def remove_rest(self) -> None:
        """Stop the servers and delete the folder of one that was killed."""
        if not is_running(self.pid):
            kill_group(self.pid)
            if self.folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def is_alive(self) -> bool:
        """Return whether the process is the embedded AWS, and answers."""
        if not is_running(self.pid) or "server" not in command_line(self.pid):
            return False
        with contextlib.suppress(EmbeddedAwsError):
            self.mode()
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
        emulator.remove_rest()
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
    options: Sequence[str] = (),
    server: Sequence[str] = SERVER,
) -> "StartingEmulator":
    """Start an embedded AWS. The options are those of the server, such as --port."""
    # The server writes its own log beside this file, to aws.log.
    ready = log.with_suffix(".json")
    ready.unlink(missing_ok=True)
    command = [*server, *options, "--ready-file", str(ready)]
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
                return Emulator(**found, owner=os.getpid())
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
