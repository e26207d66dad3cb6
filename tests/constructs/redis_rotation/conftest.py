"""Two nodes of Redis for the session, and simulated AWS services around them for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.constructs.redis_rotation.aws import Aws
from tests.constructs.redis_rotation.node import RedisNode
from tests.servers import require_package, server_folder


@pytest.fixture(scope="session")
def nodes() -> Iterator[list[RedisNode]]:
    """The primary and the replica."""
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder())
        nodes = []
        for name in ("primary", "replica"):
            with require_package():
                node = RedisNode(folder, name)
            stack.callback(node.server.stop)
            nodes.append(node)
        yield nodes


@pytest.fixture
def aws(nodes: list[RedisNode]) -> Aws:
    """A secret and a replication group after the first deployment: both have one token."""
    return Aws(nodes)
