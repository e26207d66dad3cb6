"""Two nodes of Redis for the session, and an AWS around them for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.constructs.redis_rotation.aws import Aws
from tests.constructs.redis_rotation.server import MissingRedisError, Server, running_server


@pytest.fixture(scope="session")
def nodes() -> Iterator[list[Server]]:
    """The nodes; without Redis the tests fail in CI, and are skipped elsewhere."""
    try:
        with running_server() as primary, running_server() as replica:
            yield [primary, replica]
    except MissingRedisError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def aws(nodes: list[Server]) -> Aws:
    """A secret and a group as CloudFormation leaves them: one token, in both."""
    return Aws(nodes)
