"""A server of PostgreSQL for the session, and an empty database for each test."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pg8000.core
import pytest
import trustme

from k8s.charts import database_bootstrap_chart
from tests.constructs.postgres_rotation.secrets import Login
from tests.k8s.database.database import ADMINISTRATOR, DATABASE, HOST, INSTANCE, Database
from tests.k8s.database.rotation import ApplicationSecret
from tests.servers import require_package, server_folder
from tools.embedded_aws.kubernetes.jobs import run_job
from tools.embedded_aws.servers.postgres import PostgresServers

ADMIN = Login(ADMINISTRATOR, "admin's first %password")
APPLICATION = Login("spywatcher", "application's \\first password")


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The database, on a server that ends with the session."""
    ca = trustme.CA()
    certificate = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(certificate)
    with server_folder() as folder:
        with require_package():
            servers = PostgresServers(folder)
        server = servers.start(INSTANCE, ca, [HOST])
        try:
            yield Database(server, certificate)
        finally:
            server.stop()


@pytest.fixture(scope="session", autouse=True)
def unbuffered_sockets() -> Iterator[None]:
    """Let pg8000 send each message at once.

    It writes two messages in a row. By default the second waits until the server acknowledges the
    first, which Linux delays by 40 ms. A login takes 7 ms without this delay.
    """
    make_socket = pg8000.core._make_socket

    def make_unbuffered_socket(*arguments: Any) -> Any:
        connection = make_socket(*arguments)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pg8000.core, "_make_socket", make_unbuffered_socket)
        yield


@pytest.fixture
def secret(database: Database) -> ApplicationSecret:
    """The application's secret, and an empty database."""
    database.reset(ADMIN.password)
    return ApplicationSecret(database, ADMIN, APPLICATION)


@pytest.fixture(scope="session")
def bootstrap(database: Database) -> Callable[..., str]:
    """A function that runs the Job and returns its output."""
    config, job = database_bootstrap_chart(instance=INSTANCE, region="us-east-1", release="1")

    def run(current: Login, admin: Login = ADMIN, host: str = HOST) -> str:
        endpoint = {"host": host, "port": str(database.port), "dbname": DATABASE}
        result = run_job(
            job,
            config_maps={config["metadata"]["name"]: config["data"]},
            secrets={
                "spywatcher-database-admin": {**endpoint, **vars(admin)},
                "spywatcher-database-application": vars(current),
            },
            environment={"PGHOSTADDR": "127.0.0.1", "PGSSLROOTCERT": str(database.certificate)},
        )
        if not result.succeeded:
            raise BootstrapError(result.output)
        return result.output

    return run


class BootstrapError(Exception):
    """The Job failed."""
