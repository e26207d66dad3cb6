"""Confines the network traffic of this process to the loopback interface.

The emulator opens more listeners than its gateway (MQTT, SFTP, database proxies), some of them on
all interfaces, and its services can be configured to call an address outside. An audit hook sees
each `bind`, `connect` and look-up of a name in the process, and refuses other addresses.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_NAMES = {"", "localhost"}


class NotLoopbackError(PermissionError):
    """An attempt to listen on, or to connect to, an address outside this machine."""


def confine_to_loopback() -> None:
    """Refuse every address but loopback addresses, until the process ends.

    Unix sockets are allowed: a Docker engine listens on one.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.bind", "socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
        refuse_empty = event == "socket.bind"
    elif event == "socket.getaddrinfo":
        host, refuse_empty = arguments[0], False
    else:
        return
    if isinstance(host, (str, bytes)) and not is_loopback(host, refuse_empty):
        raise NotLoopbackError(f"{event} {host!r}: the embedded AWS stays on 127.0.0.1")


def is_loopback(host: str | bytes, refuse_empty: bool = False) -> bool:
    """Return whether `host` is a loopback address; an empty host binds every interface."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not name and refuse_empty:
        return False
    if name.lower() in _NAMES:
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False
