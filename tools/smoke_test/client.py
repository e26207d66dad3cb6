"""Connections to a target with an exact version of TLS, and single HTTP requests."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tools.smoke_test.target import Target

ANSWER_SECONDS = 3.0
"""How long an answer may take, from the start of the connection to its last header."""
_USER_AGENT = "spywatcher-smoke-test"
"""AWSManagedRulesCommonRuleSet blocks requests without a User-Agent (NoUserAgent_HEADER)."""


class CheckError(Exception):
    """The stage does not behave as it should. The text is the reason."""


@dataclass(frozen=True)
class Answer:
    """The status and the headers of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""


def verifying_context(target: Target) -> ssl.SSLContext:
    """Return a context that accepts a valid certificate of the domain only."""
    return ssl.create_default_context(cafile=target.authorities)


def open_tls(target: Target, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a TLS connection to the target, with the name of the domain.

    Raises:
        CheckError: there is no connection, or the certificate is not valid.
        ssl.SSLError: the handshake failed for another reason.
    """
    connection = _connect(target.host, target.https_port)
    try:
        return context.wrap_socket(connection, server_hostname=target.domain)
    except ssl.SSLCertVerificationError as error:
        raise CheckError(f"certificate: {error.verify_message}") from None
    except TimeoutError:
        raise CheckError(f"no TLS handshake within {ANSWER_SECONDS:g} s") from None
    finally:
        # After a handshake, this does nothing: the TLS socket has taken the descriptor.
        connection.close()


def request(
    target: Target,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    uses_tls: bool = True,
) -> Answer:
    """Send a request and return the head of its answer.

    Raises:
        CheckError: there is no answer, or it takes longer than `ANSWER_SECONDS`.
    """
    start = time.monotonic()
    try:
        if uses_tls:
            connected: socket.socket = open_tls(target, verifying_context(target))
        else:
            connected = _connect(target.host, target.http_port)
        with connected:
            answer = _exchange(target.domain, connected, method, path, headers or {})
    except TimeoutError:
        raise CheckError(f"no answer within {ANSWER_SECONDS:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise CheckError(f"no answer: {describe(error)}") from None
    seconds = time.monotonic() - start
    if seconds > ANSWER_SECONDS:
        raise CheckError(f"answered after {seconds:.1f} s; allowed: {ANSWER_SECONDS:g} s")
    return answer


def describe(error: Exception) -> str:
    """Return the reason of an error of a connection."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _connect(host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=ANSWER_SECONDS)
    except TimeoutError:
        raise CheckError(f"no connection to {host}:{port} within {ANSWER_SECONDS:g} s") from None
    except OSError as error:
        raise CheckError(f"no connection to {host}:{port}: {describe(error)}") from None


def _exchange(
    domain: str, connected: socket.socket, method: str, path: str, headers: Mapping[str, str]
) -> Answer:
    connection = http.client.HTTPConnection(domain)
    connection.sock = connected
    connection.request(method, path, headers={"User-Agent": _USER_AGENT, **headers})
    response = connection.getresponse()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()})
