"""A node of Redis for the tests, with a certificate authority of its own."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from spywatcher_constructs.functions.redis_rotation import redis
from tools.embedded_aws.servers.redis import RedisServer


class RedisNode:
    """A running node."""

    def __init__(self, folder: Path, name: str) -> None:
        self.ca = trustme.CA()
        self.server = RedisServer(folder, name, self.ca)
        self.address = redis.Node("127.0.0.1", self.server.port)
        self.tls = ssl.create_default_context()
        self.ca.configure_trust(self.tls)

    def accepts(self, token: str) -> bool:
        """Return whether the node accepts the token."""
        return redis.accepts_token(self.address, token, self.tls)
