"""The address that the smoke test connects to."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from tools.command_line import UsageError

HTTPS_PORT = 443
HTTP_PORT = 80
_ADDRESS = re.compile(r"(?P<host>[^:\s]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True)
class Target:
    """A stage from outside."""

    domain: str
    """The name in the certificate and in the Host header."""
    host: str
    """The host to connect to, which is the domain unless the user gives another one."""
    https_port: int
    http_port: int
    authorities: Path | None
    """A file with the certificate authorities to trust; None for those of this machine."""

    @classmethod
    def create(cls, domain: str, connect: str | None, authorities: Path | None) -> Target:
        """Return the target of the command's options.

        Args:
            domain: the domain of the stage.
            connect: HOST:PORT, or None for port 443 of the domain. HTTP then uses port 80. With
                another port than 443, HTTP uses this port too: a test server answers both.
            authorities: a file with certificate authorities.

        Raises:
            UsageError: an option has no usable value.
        """
        try:
            ssl.create_default_context(cafile=authorities)
        except OSError:
            raise UsageError(
                f"--ca: found {authorities}; allowed: a file of certificates in PEM"
            ) from None
        if connect is None:
            return cls(domain, domain, HTTPS_PORT, HTTP_PORT, authorities)
        match = _ADDRESS.fullmatch(connect)
        if match is None or not 0 < int(match["port"]) <= 65_535:
            raise UsageError(f"--connect: found {connect!r}; allowed: HOST:PORT")
        port = int(match["port"])
        http_port = HTTP_PORT if port == HTTPS_PORT else port
        return cls(domain, match["host"].strip("[]"), port, http_port, authorities)
