"""One PostgreSQL for the session, and a database as RDS makes it for each test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from k8s.charts import database_bootstrap_chart
from tests.k8s.database.rotation import ApplicationSecret, Login
from tests.k8s.database.server import (
    ADMINISTRATOR,
    DATABASE,
    HOST,
    INSTANCE,
    MissingPostgresError,
    Server,
    running_server,
)

ADMIN = Login(ADMINISTRATOR, "admin's first %password")
APPLICATION = Login("spywatcher", "application's \\first password")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server; without PostgreSQL 15 the tests fail in CI, and are skipped elsewhere."""
    try:
        with running_server() as server:
            yield server
    except MissingPostgresError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def secret(server: Server) -> ApplicationSecret:
    """The application's secret, over an empty database."""
    server.reset(ADMIN.password)
    return ApplicationSecret(server, ADMIN, APPLICATION)


@pytest.fixture(scope="session")
def bootstrap(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs what the Job runs: its command, its environment, its files. Returns its output."""
    folder = tmp_path_factory.mktemp("bootstrap")
    config, job = database_bootstrap_chart(instance=INSTANCE, region="us-east-1", release="1")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    for name, text in config["data"].items():
        (folder / name).write_text(text)
    (folder / "rds-ca.pem").write_text(server.certificate.read_text())
    command = [part.replace("/bootstrap/", f"{folder}/") for part in container["command"]]

    def run(current: Login, admin: Login = ADMIN, host: str = HOST) -> str:
        secrets = {
            "spywatcher-database-admin": {
                "host": host,
                "port": str(server.port),
                "dbname": DATABASE,
                "username": admin.username,
                "password": admin.password,
            },
            "spywatcher-database-application": {
                "username": current.username,
                "password": current.password,
            },
        }
        environment = {item["name"]: _value(item, secrets) for item in container["env"]}
        environment["PGSSLROOTCERT"] = environment["PGSSLROOTCERT"].replace(
            "/bootstrap", str(folder)
        )
        environment |= {"PGHOSTADDR": "127.0.0.1", "PATH": os.environ["PATH"]}
        done = subprocess.run(  # noqa: S603  our own
            command, env=environment, capture_output=True, text=True, timeout=20
        )
        if done.returncode:
            raise BootstrapError(done.stdout + done.stderr)
        return done.stdout + done.stderr

    return run


class BootstrapError(Exception):
    """The Job's command failed."""


def _value(item: dict[str, Any], secrets: dict[str, dict[str, str]]) -> str:
    if "value" in item:
        return str(item["value"])
    reference = item["valueFrom"]["secretKeyRef"]
    return secrets[reference["name"]][reference["key"]]
