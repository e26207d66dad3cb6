"""A PostgreSQL 15 of Debian's package, started for the tests as RDS would set it up."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.processes import free_port, stop

ADMINISTRATOR = "spywatcher_admin"
DATABASE = "spywatcher"
INSTANCE = "spywatcher-test"
HOST = f"{INSTANCE}.rds.test"
"""What the server's certificate is for. Nothing resolves it: clients are told the address."""
_DEBIAN = Path("/usr/lib/postgresql/15/bin")
_START_SECONDS = 20.0
_PASSWORDS = "scram-sha-256"

# As RDS with rds.force_ssl: TCP with TLS and a password, or not at all. The socket is the tests'
# own way in; only its owner may enter the folder that it lies in.
_ADMISSION = f"""\
local all postgres trust
hostssl all all 127.0.0.1/32 {_PASSWORDS}
"""

Connection = psycopg.Connection[tuple[object, ...]]


class MissingPostgresError(Exception):
    """There is no PostgreSQL 15 here, or nobody who may run it."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    port: int
    binaries: Path

    @property
    def certificate(self) -> Path:
        """The certificate that clients verify the server's against: its own."""
        return self.folder / "server.crt"

    def superuser(self, database: str = "postgres") -> Connection:
        """Connect as what only RDS itself is."""
        return psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def connect(self, user: str, password: str, *, options: str = "") -> Connection:
        """Connect as the application, the administrator or the rotation do."""
        return psycopg.connect(
            host=HOST,
            hostaddr="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            dbname=DATABASE,
            options=options,
            sslmode="verify-full",
            sslrootcert=str(self.certificate),
        )

    def accepts(self, user: str, password: str) -> bool:
        """Whether this password opens the database."""
        try:
            self.connect(user, password).close()
        except psycopg.OperationalError as error:
            assert "password authentication failed" in str(error), error
            return False
        return True

    def reset(self, admin_password: str) -> None:
        """Make the database anew, and leave only the administrator: a member of rds_superuser.

        RDS' administrator is no superuser: it may make roles and databases.
        """
        with self.superuser() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|post)'"
            )
            for (role,) in roles.fetchall():
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(str(role))))
            connection.execute("CREATE ROLE rds_superuser")
            connection.execute("GRANT pg_monitor, pg_signal_backend TO rds_superuser")
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN CREATEROLE CREATEDB IN ROLE rds_superuser PASSWORD {}"
                ).format(sql.Identifier(ADMINISTRATOR), admin_password)
            )
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ADMINISTRATOR}")


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server on a free port of 127.0.0.1; stop it whatever happens.

    Raises:
        MissingPostgresError: with what is missing.
    """
    binaries, user = _binaries(), _user()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user, user)
        server = Server(folder, free_port(), binaries)
        _prepare(server, user)
        process = subprocess.Popen(  # noqa: S603  found above
            [binaries / "postgres", "-D", folder / "data"], user=user, group=user, env={}
        )
        try:
            _wait(server, process)
            yield server
        finally:
            stop(process)
    finally:
        shutil.rmtree(folder)


@contextmanager
def refused(message: str) -> Iterator[None]:
    """Expect a statement to be refused, for want of a right."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=message):
        yield


def _binaries() -> Path:
    found = shutil.which("initdb", path=f"{_DEBIAN}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise MissingPostgresError("PostgreSQL 15 is missing: apt-get install postgresql-15")
    folder = Path(found).parent
    command = [str(folder / "postgres"), "--version"]
    version = subprocess.run(command, capture_output=True, text=True)  # noqa: S603  found above
    if " 15." not in version.stdout:
        raise MissingPostgresError(f"PostgreSQL 15 is needed, found {version.stdout.strip()}")
    return folder


def _user() -> str | None:
    """Return whom to run it as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise MissingPostgresError("PostgreSQL does not run as root: add a user postgres") from None


def _prepare(server: Server, user: str | None) -> None:
    data, folder = server.folder / "data", server.folder

    def run(*command: str | Path) -> None:
        done = subprocess.run(  # noqa: S603  our own
            command,
            user=user,
            group=user,
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    run(server.binaries / "initdb", "-D", data, "-U", "postgres", "--no-sync", "--locale=C.UTF-8")
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={HOST}"),
        *("-addext", f"subjectAltName=DNS:{HOST}", "-days", "2"),
        *("-keyout", folder / "server.key", "-out", server.certificate),
    )
    (data / "pg_hba.conf").write_text(_ADMISSION)
    with (data / "postgresql.conf").open("a") as file:
        file.write(
            f"listen_addresses = '127.0.0.1'\nport = {server.port}\n"
            f"unix_socket_directories = '{folder}'\nfsync = off\n"
            f"ssl = on\nssl_cert_file = '{server.certificate}'\n"
            f"ssl_key_file = '{folder / 'server.key'}'\n"
            f"password_encryption = '{_PASSWORDS}'\nlog_min_messages = panic\n"
        )


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.superuser().close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None, "PostgreSQL ended while it started"
            assert time.monotonic() < give_up, "PostgreSQL did not start"
            time.sleep(0.05)
