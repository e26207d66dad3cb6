"""A server of PostgreSQL, and the errors of one that cannot run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import psycopg
import pytest
import trustme

from tests.servers import server_folder
from tests.tools.embedded_aws.conftest import ROOT
from tests.tools.embedded_aws.servers.conftest import ADMINISTRATOR, DATABASE, PASSWORD
from tools.embedded_aws.processes import is_running
from tools.embedded_aws.servers import postgres as module
from tools.embedded_aws.servers.postgres import PostgresServer, PostgresServers
from tools.embedded_aws.servers.process import ServerError


def connect(server: PostgresServer, sslmode: str = "require") -> psycopg.Connection[object]:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user=ADMINISTRATOR,
        password=PASSWORD,
        dbname=DATABASE,
        sslmode=sslmode,
    )


def test_the_administrator_can_create_roles_but_is_no_superuser(
    shared_postgres: PostgresServer,
) -> None:
    with connect(shared_postgres) as connection:
        connection.execute("CREATE ROLE other")
        assert connection.execute("SHOW is_superuser").fetchone() == ("off",)


def test_a_connection_without_tls_is_refused(shared_postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(shared_postgres, sslmode="disable")


def test_a_changed_password_replaces_the_old_one(shared_postgres: PostgresServer) -> None:
    shared_postgres.set_password(ADMINISTRATOR, "another")
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(shared_postgres)
    finally:
        shared_postgres.set_password(ADMINISTRATOR, PASSWORD)


def test_stopping_leaves_no_process_and_no_data(servers: PostgresServers, ca: trustme.CA) -> None:
    server = servers.start("test", ca)
    server.stop()
    assert not is_running(server.pid)
    assert not list(servers.folder.glob("data-*"))


def test_a_killed_server_is_noticed(postgres: PostgresServer) -> None:
    assert postgres.is_running()
    os.kill(postgres.pid, signal.SIGKILL)
    while postgres.is_running():
        time.sleep(0.01)
    with pytest.raises(ServerError, match=r"PostgreSQL test has ended; the last lines of its log"):
        postgres.require_running()


def test_a_port_in_use_is_an_error_with_the_end_of_the_log(
    servers: PostgresServers, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(module, "_free_port", lambda: listener.getsockname()[1])
        with pytest.raises(ServerError, match="could not create any TCP/IP sockets"):
            servers.start("test", ca)


def test_a_full_disk_is_an_error_with_the_end_of_the_log() -> None:
    """The limit of a file's size has the same effect on initdb as a full disk."""
    code = (
        "import pathlib, resource, sys;"
        "from tools.embedded_aws.servers.postgres import PostgresServers;"
        "servers = PostgresServers(pathlib.Path(sys.argv[1]));"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "servers.start('test', None)"
    )
    with server_folder() as folder:
        done = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-c", code, folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert "PostgreSQL has no database; the last lines of its log" in done.stderr
    assert "File too large" in done.stderr
