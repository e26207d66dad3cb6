"""Checks whether a Redis node accepts an AUTH token, without a client library."""

import socket
import ssl
from io import BufferedRWPair
from typing import NamedTuple

_TIMEOUT_SECONDS = 10.0
"""The timeout of each network operation: the connection, the TLS handshake and each reply."""


class Node(NamedTuple):
    """The address of a node."""

    host: str
    port: int


class RedisError(Exception):
    """A node neither accepted nor refused the token, for example while it loads its data."""


def accepts_token(node: Node, token: str, tls: ssl.SSLContext) -> bool:
    """Return whether the node accepts the token: connect with TLS, send AUTH, then PING.

    Raises:
        OSError: The connection failed, or the node's certificate is not trusted.
        RedisError: The reply was neither an acceptance nor a refusal.
    """
    with (
        socket.create_connection((node.host, node.port), _TIMEOUT_SECONDS) as plain,
        tls.wrap_socket(plain, server_hostname=node.host) as connection,
        connection.makefile("rwb") as stream,
    ):
        reply = _send_command(stream, "AUTH", token)
        if reply.startswith("-WRONGPASS"):
            return False
        if reply != "+OK":
            raise RedisError(f"{node.host} answers {reply} to AUTH")
        reply = _send_command(stream, "PING")
        if reply != "+PONG":
            raise RedisError(f"{node.host} answers {reply} to PING")
        return True


def _send_command(stream: BufferedRWPair, *words: str) -> str:
    """Send a command as an array of the Redis serialization protocol, and return the reply."""
    parts = [f"*{len(words)}", *(line for word in words for line in (f"${len(word)}", word)), ""]
    stream.write("\r\n".join(parts).encode("ascii"))
    stream.flush()
    return stream.readline().decode("ascii", "replace").rstrip()
