"""Says whether real containers can stand behind the emulated services.

With a Docker engine the emulator starts k3s, PostgreSQL and Redis; without one it keeps their
control planes only. It asks the engine through the `docker` package, which is not a requirement:
whoever wants the real thing installs it.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from urllib.parse import urlsplit

DEFAULT_HOST = "unix:///var/run/docker.sock"
ANSWER_SECONDS = 2.0


@cache
def has_docker() -> bool:
    """Tell whether the `docker` package is installed and an engine accepts connections.

    Asked once a process: what a stack was deployed with must not change under it.
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
