"""The embedded AWS seen from outside: how it is started, found again, asked and stopped."""

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

from tools.embedded_aws.environment import refuse_other_machines
from tools.embedded_aws.errors import LocalError
from tools.embedded_aws.processes import (
    POLL_SECONDS,
    Child,
    Children,
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
    how: str
    """"emulated" by a service, "recorded" after a check of its properties, or "checked" only."""
    note: str = ""


@dataclass(frozen=True)
class Emulator:
    """A running embedded AWS."""

    pid: int
    port: int
    endpoint: str
    owner: int = 0
    """The command that stops it at its end; 0: kept until `stop-local`."""

    def resources(self, stack: str) -> list[Resource]:
        """Return what a stack consists of."""
        fields = Resource.__dataclass_fields__
        found = self._get(f"/_local/resources?stack={quote(stack)}")
        return [Resource(**{k: v for k, v in each.items() if k in fields}) for each in found]

    def has_docker(self) -> bool:
        """Tell whether a Docker engine runs real clusters, databases and caches."""
        return bool(self._get("/_local/mode")["docker"])

    def is_alive(self) -> bool:
        """Tell whether the process is still the embedded AWS, and answers."""
        if not is_running(self.pid) or "server" not in command_line(self.pid):
            return False
        with contextlib.suppress(LocalError):
            self.has_docker()
            return True
        return False

    def _get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        refuse_other_machines(self.endpoint)
        url = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=ANSWER_SECONDS)
        try:
            with contextlib.closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise LocalError(f"the embedded AWS does not answer: {error}") from None
        if answer.status != http.HTTPStatus.OK:
            text = body.decode(errors="replace")[:200]
            raise LocalError(f"the embedded AWS answered {answer.status} to {path}: {text}")
        return json.loads(body)


class State:
    """Remembers in a file which embedded AWS runs for this checkout."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def running(self) -> Emulator | None:
        """Return the embedded AWS that runs; forget one that does not any more.

        One whose owner was killed is stopped: nobody else would.
        """
        try:
            emulator = Emulator(**json.loads(self.file.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            self.forget()
            return None
        if emulator.is_alive():
            if not emulator.owner or is_running(emulator.owner):
                return emulator
            stop_process(emulator.pid)
        self.forget()
        return None

    def remember(self, emulator: Emulator) -> None:
        """Write the file, whole or not at all."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(emulator)) + "\n")
        draft.replace(self.file)

    def forget(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)


def start(
    children: Children,
    root: Path,
    env: Mapping[str, str],
    log: Path,
    port: int = 0,
    server: Sequence[str] = SERVER,
) -> "Starting":
    """Start an embedded AWS on a port of 127.0.0.1; 0: a free one."""
    # The server keeps a log of its own beside this file: aws.log.
    ready = log.with_suffix(".json")
    ready.unlink(missing_ok=True)
    command = [*server, "--port", str(port), "--ready-file", str(ready)]
    return Starting(children.start(command, root, env, log), ready)


@dataclass(frozen=True)
class Starting:
    """An embedded AWS on its way up."""

    child: Child
    ready_file: Path

    def wait(self) -> Emulator:
        """Return it once it answers.

        Raises:
            LocalError: it ended, or did not answer within a minute. Holds its last lines.
        """
        deadline = time.monotonic() + START_SECONDS
        while self.child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError, ValueError):
                found = json.loads(self.ready_file.read_text())
                refuse_other_machines(found["endpoint"])
                return Emulator(found["pid"], found["port"], found["endpoint"], os.getpid())
            time.sleep(POLL_SECONDS)
        tail = "\n".join(f"  | {t}" for t in self.child.output().splitlines()[-SHOWN_LOG_LINES:])
        raise LocalError(f"the embedded AWS did not start; its last lines:\n{tail}")


def refuse_taken(port: int) -> None:
    """Raise a LocalError unless the port of 127.0.0.1 is free."""
    if not 0 < port < 2**16:
        raise LocalError(f"--port: found {port}; allowed: 1 to 65535, or 0 for a free one")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken by another program" if taken else f"cannot be used: {error.strerror}"
            raise LocalError(
                f"port {port} of 127.0.0.1 {reason}; choose another with --port, or none"
            ) from None
