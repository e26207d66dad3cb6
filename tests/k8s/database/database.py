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

_ROLES = """
SELECT
    rolname,
    rolpassword,
    (to_jsonb(pg_authid) - 'rolpassword')::text,
    array(SELECT roleid FROM pg_auth_members WHERE member = pg_authid.oid ORDER BY 1)::text
FROM pg_authid WHERE rolname !~ '^(pg_|post)' ORDER BY 1
"""
"""The name of each role, its password as it is stored, and what else PostgreSQL knows of it."""

Connection = psycopg.Connection[tuple[object, ...]]


class Database:
    """The application's database, which each test creates again."""

    def __init__(self, server: PostgresServer, certificate: Path) -> None:
        self._server = server
        self.certificate = certificate
        self.port = server.port
        self._saved_roles: list[tuple[object, ...]] = []

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
        self._saved_roles = []
        with self.superuser() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            roles = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|post)'"
            )
            for (role,) in roles.fetchall():
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(str(role))))
        self._server.create_administrator(ADMINISTRATOR, admin_password)
        self._server.create_database(DATABASE, ADMINISTRATOR)

    def save_passwords(self) -> None:
        """Save the passwords of the roles for `restore_passwords`."""
        self._saved_roles = self._roles()

    def restore_passwords(self) -> bool:
        """Restore the saved passwords, which takes a fraction of the time of a new database.

        Returns:
            Whether they are saved, and nothing but the passwords of the roles has changed since.
        """
        if not self._saved_roles:
            return False
        with self.superuser() as connection:
            for name, password, *_ in self._saved_roles:
                statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(str(name)), password))
        return self._roles() == self._saved_roles

    def _roles(self) -> list[tuple[object, ...]]:
        with self.superuser() as connection:
            return connection.execute(_ROLES).fetchall()


@contextmanager
def permission_denied(message: str) -> Iterator[None]:
    """Expect that a statement fails because of a missing permission."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=message):
        yield
