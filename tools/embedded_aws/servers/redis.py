"""A node of Redis, set up as ElastiCache sets up a node with TLS and an AUTH token.

The program is Valkey, which Redis' license does not affect. A proxy adds TLS.
"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.embedded_aws.servers.packages import find_valkey
from tools.embedded_aws.servers.process import (
    ServerError,
    ServerProcess,
    remove_folder,
)
from tools.embedded_aws.servers.tls_proxy import HOST, TlsProxy

if TYPE_CHECKING:
    import trustme

ADMINISTRATOR = "admin"
_TIMEOUT_SECONDS = 5.0


class RedisServer:
    """A running node.

    Clients log in as the default user with an AUTH token. Only the socket in the node's folder
    lets the administrator in, who changes the tokens.
    """

    def __init__(self, folder: Path, name: str, ca: trustme.CA) -> None:
        """Start a node without a valid token.

        Args:
            folder: The folder in which to create the node's folder.
            name: The name of the node in messages, and of its folder.
            ca: The authority that issues its certificate, which is valid for 127.0.0.1.

        Raises:
            MissingPackageError: The package of Valkey is not installed.
            ServerError: The node did not start.
        """
        program = find_valkey()
        self.title = f"Redis {name}"
        self._password = secrets.token_hex(16)
        self._folder = folder / f"redis-{name}"
        self._folder.mkdir(mode=0o700)
        self._socket = self._folder / "redis.sock"
        self._process = self._start(program)
        try:
            self._process.wait_until_ready(self._is_ready)
            self._proxy = TlsProxy(_tls_context(ca), self._socket)
        except BaseException:
            self._process.stop()
            remove_folder(self._folder)
            raise
        self.port = self._proxy.port

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Return whether the node has not ended."""
        return self._process.is_running()

    def require_running(self) -> None:
        """Raise a ServerError if the node has ended."""
        self._process.require_running()

    def stop(self) -> None:
        """Stop the node, and delete its data."""
        self._proxy.stop()
        self._process.stop()
        remove_folder(self._folder)

    def set_tokens(self, tokens: Sequence[str]) -> None:
        """Make these tokens the valid ones. Clients that are connected stay connected."""
        self._administer("ACL", "SETUSER", "default", "resetpass", *(f">{t}" for t in tokens))

    def _start(self, program: Path) -> ServerProcess:
        configuration = self._folder / "redis.conf"
        configuration.touch(mode=0o600)
        lines = [
            "port 0",
            f"unixsocket {self._socket}",
            "unixsocketperm 700",
            f"dir {self._folder}",
            'save ""',
            f"user {ADMINISTRATOR} on >{self._password} ~* &* +@all",
            "user default on resetpass ~* &* +@all",
        ]
        configuration.write_text("\n".join([*lines, ""]))
        log = self._folder / "redis.log"
        return ServerProcess(self.title, [program, configuration], log)

    def _is_ready(self) -> bool:
        try:
            self._administer("PING")
        except OSError:
            return False
        return True

    def _administer(self, *command: str) -> None:
        """Run a command as the administrator.

        Raises:
            ServerError: The node refuses the command.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(str(self._socket))
            with connection.makefile("rwb") as stream:
                for words in (("AUTH", ADMINISTRATOR, self._password), command):
                    stream.write(_serialize(words))
                    stream.flush()
                    reply = stream.readline().decode().rstrip()
                    if reply not in ("+OK", "+PONG"):
                        raise ServerError(f"{self.title} answers {reply or 'nothing'}")


def _serialize(words: Sequence[str]) -> bytes:
    """Return a command as an array of the Redis serialization protocol."""
    encoded = [word.encode() for word in words]
    parts = [b"*%d" % len(encoded), *(b"$%d\r\n%s" % (len(word), word) for word in encoded), b""]
    return b"\r\n".join(parts)


def _tls_context(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(HOST, "localhost").configure_cert(context)
    return context
