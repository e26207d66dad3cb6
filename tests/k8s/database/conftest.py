"""A server of PostgreSQL for the session, and an empty database for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
