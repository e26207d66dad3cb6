"""Keeps this process on the loopback interface.

The emulator opens more listeners than its gateway (MQTT, SFTP, database proxies), some on all
interfaces, and emulated services may be told to call an address outside. An audit hook sees every
`bind`, `connect` and look-up of a name, whoever makes it, and refuses what leaves the machine.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_NAMES = {"", "localhost"}


class NotLoopbackError(PermissionError):
    """Something tried to listen on, or to reach, an address outside this machine."""


def stay_on_loopback() -> None:
    """Refuse, for the rest of the process, every address but the machine's own.

    Unix sockets stay allowed: a Docker engine listens on one.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.bind", "socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
        everywhere_is_refused = event == "socket.bind"
    elif event == "socket.getaddrinfo":
        host, everywhere_is_refused = arguments[0], False
    else:
        return
    if isinstance(host, (str, bytes)) and not is_loopback(host, everywhere_is_refused):
        raise NotLoopbackError(f"{event} {host!r}: the embedded AWS stays on 127.0.0.1")


def is_loopback(host: str | bytes, empty_is_refused: bool = False) -> bool:
    """Whether `host` is this machine's loopback; an empty host means every interface in a bind."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not name and empty_is_refused:
        return False
    if name.lower() in _NAMES:
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False
