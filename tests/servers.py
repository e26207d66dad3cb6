"""Servers of PostgreSQL and Redis for tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tools.embedded_aws.servers.packages import MissingPackageError


@contextmanager
def require_package() -> Iterator[None]:
    """Skip the tests of a server that has no package for this platform. In CI, fail."""
    try:
        yield
    except MissingPackageError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
