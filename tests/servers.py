"""Servers of PostgreSQL and Redis for tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.embedded_aws.servers.packages import MissingPackageError
from tools.embedded_aws.servers.process import create_folder, remove_folder


@contextmanager
def server_folder() -> Iterator[Path]:
    """Create a folder for servers, and delete it."""
    folder = create_folder("servers-")
    try:
        yield folder
    finally:
        remove_folder(folder)


@contextmanager
def require_package() -> Iterator[None]:
    """Skip the tests of a server that has no package for this platform. In CI, fail."""
    try:
        yield
    except MissingPackageError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
