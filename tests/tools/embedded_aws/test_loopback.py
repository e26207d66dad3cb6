"""The confinement to loopback addresses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tools.embedded_aws.conftest import ROOT
from tools.embedded_aws.loopback import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", b"localhost", ""])
def test_a_loopback_address_is_recognized(host: str | bytes) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "localhost.evil"])  # noqa: S104
def test_another_address_is_not_a_loopback_address(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socket().bind(('0.0.0.0', 0))",
        "socket.socket().bind(('', 0))",
        "socket.socket().connect(('192.0.2.1', 80))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.getaddrinfo('example.com', 80)",
        "__import__('urllib.request').request.urlopen('http://example.com')",
    ],
)
def test_another_address_is_refused(attempt: str) -> None:
    done = _run(attempt)

    assert "the embedded AWS stays on 127.0.0.1" in done.stderr


@pytest.mark.parametrize(
    "use",
    [
        "socket.create_server(('127.0.0.1', 0))",
        "socket.getaddrinfo('localhost', 80)",
        "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())",
    ],
)
def test_a_loopback_address_works(use: str) -> None:
    assert _run(use).returncode == 0


def _run(statement: str) -> subprocess.CompletedProcess[str]:
    imports = "import socket; from tools.embedded_aws.loopback import confine_to_loopback"
    code = f"{imports}; confine_to_loopback(); {statement}"
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
