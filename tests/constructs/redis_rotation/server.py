"""A Redis of Debian's package, started for the tests as ElastiCache runs its nodes: with TLS."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spywatcher_constructs.functions.redis_rotation import redis
from tests.processes import free_port, stop

HOST = "127.0.0.1"
_START_SECONDS = 10.0


class MissingRedisError(Exception):
    """There is no Redis here."""


@dataclass(frozen=True)
class Server:
    """A running node, which only its tests may administer, over a socket in its folder."""

    folder: Path
    node: redis.Node

    @property
    def certificate(self) -> Path:
        """The certificate that clients verify the server's against: its own."""
        return self.folder / "redis.crt"

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What a client trusts."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def set_tokens(self, *tokens: str) -> None:
        """Let in who has one of the tokens, and nobody else; who is in stays in."""
        answer = self._administer(
            "ACL SETUSER default resetpass " + " ".join(f">{t}" for t in tokens)
        )
        assert answer == "+OK", answer

    def takes(self, token: str) -> bool:
        """Whether the node lets this token in."""
        return redis.accepts_token(self.node, token, self.tls)

    def _administer(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.folder / "admin.sock"))
            connection.sendall(f"AUTH admin admin\r\n{command}\r\n".encode())
            with connection.makefile() as answers:
                assert answers.readline().rstrip() == "+OK"
                return answers.readline().rstrip()


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a node on a free port of 127.0.0.1; stop it whatever happens.

    Raises:
        MissingRedisError: with what is missing.
    """
    binary = shutil.which("redis-server")
    if binary is None:
        raise MissingRedisError("Redis is missing: apt-get install redis-server")
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    try:
        server = Server(folder, redis.Node(HOST, free_port()))
        _prepare(server)
        process = subprocess.Popen([binary, folder / "redis.conf"])  # noqa: S603  found above
        try:
            _wait(server, process)
            yield server
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder)


def _prepare(server: Server) -> None:
    folder = server.folder
    done = subprocess.run(  # noqa: S603  our own
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", f"/CN={HOST}"),
            *("-addext", f"subjectAltName=IP:{HOST}", "-days", "2"),
            *("-keyout", folder / "redis.key", "-out", server.certificate),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = [
        f"bind {HOST}",
        "port 0",
        f"tls-port {server.node.port}",
        f"tls-cert-file {server.certificate}",
        f"tls-key-file {folder / 'redis.key'}",
        "tls-auth-clients no",
        f"unixsocket {folder / 'admin.sock'}",
        "unixsocketperm 700",
        f"dir {folder}",
        'save ""',
        f"logfile {folder / 'redis.log'}",
        "user admin on >admin ~* &* +@all",
        "user default on >unset ~* &* +@all",
    ]
    (folder / "redis.conf").write_text("\n".join([*lines, ""]))


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while True:
        try:
            if server.takes("unset"):
                return
        except OSError:
            assert process.poll() is None, (server.folder / "redis.log").read_text()
            assert time.monotonic() < give_up, "Redis did not start"
            time.sleep(0.02)
