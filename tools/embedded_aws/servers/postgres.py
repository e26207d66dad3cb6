"""A server of PostgreSQL, set up as RDS sets up an instance.

RDS reserves the superuser. The administrator of an instance is a member of rds_superuser, which
can create roles and databases. Clients must use TLS (rds.force_ssl) and a password.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.embedded_aws.servers.packages import find_postgres
from tools.embedded_aws.servers.process import (
    ServerError,
    ServerProcess,
    give_to,
    is_accessible,
    remove_folder,
    unprivileged_user,
)

if TYPE_CHECKING:
    import psycopg
    import trustme

    Connection = psycopg.Connection[tuple[object, ...]]

HOST = "127.0.0.1"
SUPERUSER = "postgres"

# The superuser connects through the socket, whose folder only the user of the server may enter.
_HOST_BASED_AUTHENTICATION = f"""\
local all {SUPERUSER} trust
hostssl all all {HOST}/32 scram-sha-256
"""


class PostgresServers:
    """Creates servers of PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        """Find PostgreSQL, and create a folder for its servers.

        Args:
            folder: The folder in which to create it, which `create_folder` has created.

        Raises:
            MissingPackageError: The package of PostgreSQL is not installed.
            ServerError: There is no user that can run it.
        """
        self.user = unprivileged_user()
        package = find_postgres()
        self.folder = folder / "postgres"
        self.folder.mkdir(mode=0o700)
        give_to(self.folder, self.user)
        self._programs = package
        self._initialization: _Initialization | None = None
        self._count = 0
        if not is_accessible(package, self.user):
            self._programs = self.folder / "programs"
            _copy_programs(package, self._programs)

    def prepare(self) -> None:
        """Start to initialize the data directory of the next server, which takes half a second."""
        if self._initialization is None:
            self._count += 1
            data = self.folder / f"data-{self._count}"
            options = ["--locale=C", "--encoding=UTF8", "--auth=trust", "--no-sync"]
            initdb = ServerProcess(
                "initdb",
                [self.program("initdb"), "-D", data, "-U", SUPERUSER, *options],
                self.folder / f"initdb-{self._count}.log",
                user=self.user,
            )
            self._initialization = _Initialization(data, initdb)

    def start(self, name: str, ca: trustme.CA, hostnames: Sequence[str] = ()) -> PostgresServer:
        """Start a server.

        Args:
            name: The name of the server in messages.
            ca: The authority that issues its certificate.
            hostnames: Further names of the certificate. It is valid for 127.0.0.1.

        Raises:
            ServerError: The server did not start, or initdb failed, for example because the disk
                is full.
        """
        self.prepare()
        assert self._initialization is not None  # noqa: S101 - for mypy
        initialization, self._initialization = self._initialization, None
        initialization.initdb.wait()
        initialization.require_success()
        return PostgresServer(self, name, initialization.data, ca, hostnames)

    def require_initialization(self) -> None:
        """Raise a ServerError if the initialization of the next server has failed."""
        if self._initialization and not self._initialization.initdb.is_running():
            self._initialization.require_success()

    def stop(self) -> None:
        """Stop an initialization that no server has used."""
        if self._initialization is not None:
            self._initialization.initdb.stop()

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self._programs / "bin" / name


@dataclass(frozen=True)
class _Initialization:
    data: Path
    initdb: ServerProcess

    def require_success(self) -> None:
        if self.initdb.wait():
            raise ServerError(f"PostgreSQL has no database; {self.initdb.format_log()}")


class PostgresServer:
    """A running server."""

    def __init__(
        self,
        servers: PostgresServers,
        name: str,
        data: Path,
        ca: trustme.CA,
        hostnames: Sequence[str],
    ) -> None:
        """Start the server. Its arguments are those of `PostgresServers.start`."""
        self.title = f"PostgreSQL {name}"
        self.port = _free_port()
        self._sockets = servers.folder
        self._data = data
        self._write_certificate(servers.user, ca, hostnames)
        self._configure()
        self._process = ServerProcess(
            self.title,
            [servers.program("postgres"), "-D", data],
            data / "server.log",
            user=servers.user,
            stop_signal=signal.SIGQUIT,
        )
        try:
            self._process.wait_until_ready(self._is_ready)
        except BaseException:
            self._process.stop()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Return whether the server has not ended."""
        return self._process.is_running()

    def require_running(self) -> None:
        """Raise a ServerError if the server has ended."""
        self._process.require_running()

    def stop(self) -> None:
        """Stop the server, and delete its data."""
        self._process.stop()
        remove_folder(self._data)

    def superuser(self, database: str = "postgres") -> Connection:
        """Connect as the superuser."""
        import psycopg

        return psycopg.connect(
            host=str(self._sockets),
            port=self.port,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
        )

    def create_administrator(self, name: str, password: str) -> None:
        """Create the administrator, with the rights of the master user of an RDS instance."""
        from psycopg import sql

        with self.superuser() as connection:
            connection.execute("CREATE ROLE rds_superuser")
            connection.execute("GRANT pg_monitor, pg_signal_backend TO rds_superuser")
            connection.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN CREATEROLE CREATEDB IN ROLE rds_superuser PASSWORD {}"
                ).format(sql.Identifier(name), password)
            )

    def create_database(self, name: str, owner: str) -> None:
        """Create a database."""
        from psycopg import sql

        with self.superuser() as connection:
            statement = sql.SQL("CREATE DATABASE {} OWNER {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))

    def set_password(self, role: str, password: str) -> None:
        """Change the password of a role."""
        from psycopg import sql

        with self.superuser() as connection:
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(role), password))

    def _is_ready(self) -> bool:
        import psycopg

        try:
            self.superuser().close()
        except psycopg.OperationalError:
            return False
        return True

    def _write_certificate(
        self, user: int | None, ca: trustme.CA, hostnames: Sequence[str]
    ) -> None:
        certificate = ca.issue_cert(HOST, "localhost", *hostnames)
        key = self._data / "server.key"
        key.touch(mode=0o600)
        certificate.private_key_pem.write_to_path(key)
        chain = self._data / "server.crt"
        chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        for path in (key, chain):
            give_to(path, user)

    def _configure(self) -> None:
        """Write the configuration. Nothing is written to the disk twice or on time: no sync."""
        (self._data / "pg_hba.conf").write_text(_HOST_BASED_AUTHENTICATION)
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = '{HOST}'\nport = {self.port}\n"
                f"unix_socket_directories = '{self._sockets}'\n"
                "fsync = off\nfull_page_writes = off\n"
                "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
                "password_encryption = 'scram-sha-256'\n"
            )


def _free_port() -> int:
    """Return a port of 127.0.0.1 on which no process listens."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _copy_programs(package: Path, folder: Path) -> None:
    """Copy the package, which the user of the server cannot reach; link files where possible."""

    def link_or_copy(source: str, target: str) -> None:
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:
            shutil.copy2(source, target)

    ignored = shutil.ignore_patterns("*.a", "pkgconfig", "libecpg*")
    shutil.copytree(package, folder, symlinks=True, ignore=ignored, copy_function=link_or_copy)
