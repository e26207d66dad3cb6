"""A server on 127.0.0.1 that answers HTTPS and HTTP as a stage does, or misbehaves."""

import base64
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

TLS_HANDSHAKE = b"\x16"
Head = tuple[int, dict[str, str]]
"""The status and the headers of an answer."""


def answer_as_a_stage(method: str, path: str, headers: dict[str, str]) -> Head:
    """Answer a request over HTTPS as the load balancer, the web ACL and the services do."""
    if "user-agent" not in headers or method == "PROPFIND":
        return 403, {}
    if path.startswith("/metrics"):
        return 404, {}
    if path.startswith("/socket.io/"):
        text = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
        accept = base64.b64encode(digest).decode()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
        return 101, upgrade | {"Sec-WebSocket-Accept": accept}
    return 200, {}


@dataclass
class Behaviour:
    """What the server does. The defaults are those of a stage."""

    context: ssl.SSLContext
    answers: dict[str, Head] = field(default_factory=dict)
    """Answers that differ, by "METHOD path" without the query."""
    location: str = "https://staging.spywatcher.example.com:443/"
    redirect_status: int = 301
    delays: dict[str, float] = field(default_factory=dict)
    """Seconds before an answer, by path."""


@contextmanager
def serve(behaviour: Behaviour) -> Iterator[str]:
    """Yield HOST:PORT of a running server, and stop it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        stopped = threading.Event()
        thread = threading.Thread(target=_accept, args=(listener, behaviour, stopped.is_set))
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        stopped.set()
        thread.join()


def _accept(listener: socket.socket, behaviour: Behaviour, is_stopped: Callable[[], bool]) -> None:
    while not is_stopped():
        with suppress(OSError):
            connection, _ = listener.accept()
            connection.settimeout(2)
            threading.Thread(target=_handle, args=(connection, behaviour), daemon=True).start()


def _handle(connection: socket.socket, behaviour: Behaviour) -> None:
    with suppress(OSError), connection:
        if connection.recv(1, socket.MSG_PEEK) != TLS_HANDSHAKE:
            _answer(connection, behaviour.redirect_status, {"Location": behaviour.location})
            return
        with behaviour.context.wrap_socket(connection, server_side=True) as secure:
            request, *lines = _read_head(secure).split("\r\n")
            method, target, _ = request.split(" ")
            path = target.partition("?")[0]
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
            time.sleep(behaviour.delays.get(path, 0))
            usual = answer_as_a_stage(method, target, headers)
            status, more = behaviour.answers.get(f"{method} {path}", usual)
            _answer(secure, status, more)


def _read_head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(4096)
        if not received:
            raise ConnectionResetError("the client has closed the connection")
        head += received
    return head.partition(b"\r\n\r\n")[0].decode()


def _answer(connection: socket.socket, status: int, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sendall(("\r\n".join([*lines, "Content-Length: 0", "", ""])).encode())
