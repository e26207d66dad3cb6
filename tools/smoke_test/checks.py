"""The checks of the smoke test. Each returns what it found, or raises the reason of its failure."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from settings import StageSettings
from settings.security import RuleAction
from tools.smoke_test.client import CheckError, describe, open_tls, request, verifying_context
from tools.smoke_test.target import HTTPS_PORT, Target

VALID_DAYS = 14
"""ACM renews a certificate weeks before it expires. One with fewer days was not renewed."""
_WEB_SOCKET_ID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3: the server appends it to the key."""
_SOCKET_IO_PATH = "/socket.io/?EIO=4&transport=websocket"
"""Socket.IO 3 and later has version 4 of Engine.IO ("Engine.IO protocol", Socket.IO)."""
_WRONG_VERSION = {"UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER"}
BAD_REQUEST_METHOD = "PROPFIND"
"""AWSManagedRulesKnownBadInputsRuleSet blocks this method (PROPFIND_METHOD). A server of files
refuses it too, but with another status."""
BLOCKED = 403
"""The status of a request that AWS WAF blocks without a custom response."""


class CheckSkippedError(Exception):
    """This machine cannot make the check. The text is the reason."""


@dataclass(frozen=True)
class Check:
    """A check of a target."""

    name: str
    run: Callable[[Target], str]
    """Returns what was found. Raises a CheckError or a CheckSkippedError."""


def checks_of(settings: StageSettings) -> list[Check]:
    """Return the checks of a stage."""
    action = settings.firewall.rules.known_bad_inputs
    return [
        Check("certificate", check_certificate),
        Check("TLS 1.1", check_old_tls),
        Check("HTTP redirect", check_redirect),
        Check("GET /health/ready", partial(check_ok, path="/health/ready")),
        Check("GET /", partial(check_ok, path="/")),
        Check("WebSocket", check_web_socket),
        Check("GET /metrics", check_metrics),
        Check("web ACL", partial(check_web_acl, action=action)),
    ]


def check_certificate(target: Target) -> str:
    """Check that the certificate is valid for the domain, and for some days more."""
    try:
        with open_tls(target, verifying_context(target)) as connection:
            certificate = connection.getpeercert() or {}
    except OSError as error:
        raise CheckError(f"no TLS connection: {describe(error)}") from None
    end = dt.datetime.fromtimestamp(
        ssl.cert_time_to_seconds(str(certificate["notAfter"])), tz=dt.UTC
    )
    days = (end - dt.datetime.now(dt.UTC)).days
    if days < VALID_DAYS:
        raise CheckError(
            f"expires in {days} days, on {end.date()}; allowed: {VALID_DAYS} days or more"
        )
    return f"valid for {target.domain} until {end.date()}"


def check_old_tls(target: Target) -> str:
    """Check that the server refuses TLS 1.1."""
    context = _old_context()
    try:
        with open_tls(target, context) as connection:
            raise CheckError(f"accepted {connection.version()}")
    except (ssl.SSLEOFError, ConnectionResetError, ssl.SSLZeroReturnError):
        return "refused"
    except ssl.SSLError as error:
        reason = error.reason or ""
        if "ALERT" in reason or reason in _WRONG_VERSION:
            return "refused"
        # The server has answered with TLS 1.1, and this OpenSSL did not accept its answer.
        raise CheckError(f"not refused: {describe(error)}") from None
    except OSError as error:
        raise CheckError(f"no TLS connection: {describe(error)}") from None


def check_redirect(target: Target) -> str:
    """Check that HTTP redirects to HTTPS."""
    answer = request(target, "/", uses_tls=False)
    location = urlsplit(answer.headers.get("location", ""))
    is_https = location.scheme == "https" and location.port in (None, HTTPS_PORT)
    if answer.status not in (301, 302, 307, 308) or not is_https:
        raise CheckError(
            f"found {answer.status} to {answer.headers.get('location', 'nowhere')}; allowed: a "
            f"redirect to https://{target.domain}/"
        )
    if location.hostname != target.domain:
        raise CheckError(f"redirects to {location.hostname}; allowed: {target.domain}")
    return f"{answer.status} to {location.geturl()}"


def check_ok(target: Target, path: str) -> str:
    """Check that a path answers 200."""
    answer = request(target, path)
    if answer.status != 200:
        raise CheckError(f"found {answer.status}; allowed: 200")
    return "200"


def check_web_socket(target: Target) -> str:
    """Check that Socket.IO upgrades a connection to a WebSocket (RFC 6455, section 4)."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Origin": f"https://{target.domain}",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        "Upgrade": "websocket",
    }
    answer = request(target, _SOCKET_IO_PATH, headers=headers)
    if answer.status != 101:
        raise CheckError(f"found {answer.status}; allowed: 101 Switching Protocols")
    digest = hashlib.sha1(f"{key}{_WEB_SOCKET_ID}".encode(), usedforsecurity=False).digest()
    if answer.headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
        raise CheckError("found 101 without the right Sec-WebSocket-Accept; no WebSocket server")
    return "101 Switching Protocols"


def check_metrics(target: Target) -> str:
    """Check that nobody outside can read the metrics."""
    answer = request(target, "/metrics")
    if answer.status == 200:
        raise CheckError("found 200; allowed: any other status, since metrics are private")
    return str(answer.status)


def check_web_acl(target: Target, action: RuleAction) -> str:
    """Check that the web ACL blocks a request that exploits a vulnerability, or only counts it."""
    status = request(target, "/", method=BAD_REQUEST_METHOD).status
    if action == "block" and status != BLOCKED:
        raise CheckError(
            f"{BAD_REQUEST_METHOD}: found {status}; allowed: {BLOCKED}, since the "
            "setting firewall.rules.known_bad_inputs is block"
        )
    if action == "count" and status == BLOCKED:
        raise CheckError(
            f"{BAD_REQUEST_METHOD}: found {BLOCKED}; allowed: any other status, since "
            "the setting firewall.rules.known_bad_inputs is count"
        )
    return f"{BAD_REQUEST_METHOD}: {status}"


def _old_context() -> ssl.SSLContext:
    """Return a context that offers TLS 1.1 only.

    Raises:
        CheckSkippedError: this OpenSSL cannot offer TLS 1.1.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        # OpenSSL 3 offers TLS 1.1 at security level 0 only, because it signs with SHA-1.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        client = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="example.com")
        client.do_handshake()
    except ssl.SSLWantReadError:
        # It has written its offer, and now waits for the answer.
        return context
    except (ValueError, ssl.SSLError) as error:
        raise CheckSkippedError(f"{ssl.OPENSSL_VERSION} cannot offer it: {error}") from None
    return context
