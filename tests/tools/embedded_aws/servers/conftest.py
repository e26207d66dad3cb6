"""A certificate authority, and servers of PostgreSQL with an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from tests.servers import require_package, server_folder
from tools.embedded_aws.servers.postgres import PostgresServer, PostgresServers

ADMINISTRATOR, PASSWORD, DATABASE = "admin", "an admin's password", "application"


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@contextmanager
def start_servers() -> Iterator[PostgresServers]:
    with server_folder() as folder:
        with require_package():
            servers = PostgresServers(folder)
        try:
            yield servers
        finally:
            servers.stop()


def start_server(servers: PostgresServers, ca: trustme.CA) -> PostgresServer:
    """Start a server with an administrator and a database."""
    server = servers.start("test", ca)
    server.create_administrator(ADMINISTRATOR, PASSWORD)
    server.create_database(DATABASE, ADMINISTRATOR)
    return server


@pytest.fixture
def servers() -> Iterator[PostgresServers]:
    with start_servers() as servers:
        yield servers


@pytest.fixture
def postgres(servers: PostgresServers, ca: trustme.CA) -> Iterator[PostgresServer]:
    server = start_server(servers, ca)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_postgres(ca: trustme.CA) -> Iterator[PostgresServer]:
    """A server for tests that leave its administrator and its process as they are."""
    with start_servers() as servers:
        yield start_server(servers, ca)
