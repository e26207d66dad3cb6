"""A certificate authority, and servers of PostgreSQL with an administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme

from tests.servers import require_package, server_folder
from tools.embedded_aws.servers.postgres import PostgresServer, PostgresServers

ADMINISTRATOR, PASSWORD, DATABASE = "admin", "an admin's password", "application"


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def servers() -> Iterator[PostgresServers]:
    with server_folder() as folder:
        with require_package():
            servers = PostgresServers(folder)
        yield servers
        servers.stop()


@pytest.fixture
def postgres(servers: PostgresServers, ca: trustme.CA) -> Iterator[PostgresServer]:
    server = servers.start("test", ca)
    server.create_administrator(ADMINISTRATOR, PASSWORD)
    server.create_database(DATABASE, ADMINISTRATOR)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_postgres(ca: trustme.CA) -> Iterator[PostgresServer]:
    """A server for tests that leave its administrator and its process as they are."""
    with server_folder() as folder:
        with require_package():
            servers = PostgresServers(folder)
        server = servers.start("shared", ca)
        try:
            server.create_administrator(ADMINISTRATOR, PASSWORD)
            server.create_database(DATABASE, ADMINISTRATOR)
            yield server
        finally:
            server.stop()
