"""Asks a Redis node whether it takes a token: TLS, AUTH and PING, without a client library."""

import socket
import ssl
from io import BufferedRWPair
from typing import NamedTuple

_SECONDS = 10.0
"""For each of connecting, the TLS handshake and an answer."""


class Node(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


class RedisError(Exception):
    """A node answered something else than yes or no."""


def takes(node: Node, token: str, tls: ssl.SSLContext) -> bool:
    """Whether the node lets this token in.

    Raises:
        OSError: the node cannot be reached, or its certificate is not to be trusted.
        RedisError: it answers neither yes nor no, as while it loads its data.
    """
    with (
        socket.create_connection((node.host, node.port), _SECONDS) as plain,
        tls.wrap_socket(plain, server_hostname=node.host) as connection,
        connection.makefile("rwb") as stream,
    ):
        answer = _ask(stream, "AUTH", token)
        if answer.startswith("-WRONGPASS"):
            return False
        if answer != "+OK":
            raise RedisError(f"{node.host} answers {answer} to AUTH")
        answer = _ask(stream, "PING")
        if answer != "+PONG":
            raise RedisError(f"{node.host} answers {answer} to PING")
        return True


def _ask(stream: BufferedRWPair, *words: str) -> str:
    parts = [f"*{len(words)}", *(line for word in words for line in (f"${len(word)}", word)), ""]
    stream.write("\r\n".join(parts).encode("ascii"))
    stream.flush()
    return stream.readline().decode("ascii", "replace").rstrip()
