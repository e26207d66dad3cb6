"""Finds a Docker engine, and keeps the ports of its containers on 127.0.0.1.

With a Docker engine the emulator starts k3s and Redis in containers, and no container for the RDS
instance of a stack. It needs the `docker` package for this, which is no requirement of this
project: install it to use the engine.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

DEFAULT_HOST = "unix:///var/run/docker.sock"
ANSWER_SECONDS = 2.0
LOOPBACK = "127.0.0.1"


@cache
def has_docker() -> bool:
    """Return whether the `docker` package is installed and an engine accepts connections.

    The first answer is kept: a deployed stack must not lose the engine that it was deployed with.
    """
    if find_spec("docker") is None:
        return False
    url = urlsplit(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    try:
        if url.scheme == "unix":
            with closing(socket.socket(socket.AF_UNIX)) as connection:
                connection.settimeout(ANSWER_SECONDS)
                connection.connect(url.path)
        else:
            address = (url.hostname or "", url.port or 2375)
            socket.create_connection(address, ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def publish_on_loopback() -> None:
    """Make containers publish their ports on 127.0.0.1; Docker's default is every address."""
    collection = import_module("docker.models.containers").ContainerCollection
    for name in ("create", "run"):
        setattr(collection, name, _publishing(getattr(collection, name)))
    # The emulator's search for a free port binds every address, which `loopback` refuses.
    vars(import_module("ministack.services.rds"))["_is_host_port_free"] = is_free


def is_free(port: int) -> bool:
    """Return whether no process listens on a port of 127.0.0.1."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex((LOOPBACK, port)) != 0


def _publishing(start: Callable[..., Any]) -> Callable[..., Any]:
    def start_container(*arguments: object, **options: object) -> object:
        ports = options.get("ports")
        if isinstance(ports, dict):
            options["ports"] = {inner: _on_loopback(outer) for inner, outer in ports.items()}
        return start(*arguments, **options)

    return start_container


def _on_loopback(published: object) -> object:
    if isinstance(published, list):
        return [_on_loopback(port) for port in published]
    return (LOOPBACK, published[-1] if isinstance(published, tuple) else published)
