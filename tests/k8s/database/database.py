"""The database of the tests, on a server of PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tools.embedded_aws.servers.postgres import PostgresServer

ADMINISTRATOR = "spywatcher_admin"
DATABASE = "spywatcher"
INSTANCE = "spywatcher-test"
HOST = f"{INSTANCE}.rds.test"
"""The host name in the server's certificate. No DNS server has it: clients also get the address."""

Connection = psycopg.Connection[tuple[object, ...]]


class Database:
    """The application's database, which each test creates again."""

    def __init__(self, server: PostgresServer, certificate: Path) -> None:
        self._server = server
        self.certificate = certificate
        self.port = server.port

    def superuser(self, database: str = "postgres") -> Connection:
        """Connect as the superuser, which RDS reserves."""
        return self._server.superuser(database)

    def connect(self, user: str, password: str, *, options: str = "") -> Connection:
        """Connect as the application, the administrator and the rotation do."""
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
        """Return whether the server accepts the password."""
        try:
            self.connect(user, password).close()
        except psycopg.OperationalError as error:
            assert "password authentication failed" in str(error), error
            return False
        return True

    def reset(self, admin_password: str) -> None:
        """Create the database again, with the administrator as its only role."""
        with self.superuser() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|post)'"
            )
            for (role,) in roles.fetchall():
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(str(role))))
        self._server.create_administrator(ADMINISTRATOR, admin_password)
        self._server.create_database(DATABASE, ADMINISTRATOR)


@contextmanager
def permission_denied(message: str) -> Iterator[None]:
    """Expect that a statement fails because of a missing permission."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=message):
        yield
