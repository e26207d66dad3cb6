"""Rotates the application's secret as Secrets Manager's hosted function does it.

The statements are those of SecretsManagerRDSPostgreSQLRotationMultiUser, read on 2026-11-23 in
aws-samples/aws-secrets-manager-rotation-lambdas, which AWS says its hosted functions are made of.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from psycopg import sql

from tests.k8s.database.server import Server

_CLONE = "_clone"


@dataclass(frozen=True)
class Login:
    """A version of a secret."""

    username: str
    password: str


@dataclass
class ApplicationSecret:
    """The secret with its stages, and the function's four steps on it."""

    server: Server
    admin: Login
    current: Login
    previous: Login | None = None
    pending: Login | None = field(default=None)

    def rotate(self) -> None:
        """Go through the four steps."""
        self.create_secret()
        self.set_secret()
        self.test_secret()
        self.finish_secret()

    def create_secret(self) -> None:
        """Take the other user's name and a new password."""
        name = self.current.username
        other = name.removesuffix(_CLONE) if name.endswith(_CLONE) else name + _CLONE
        self.pending = Login(other, secrets.token_urlsafe(24))

    def set_secret(self) -> None:
        """Set the password; make the user first where it does not exist."""
        assert self.pending is not None
        if self.server.accepts(self.pending.username, self.pending.password):
            return
        assert self.server.accepts(self.current.username, self.current.password)
        user = sql.Identifier(self.pending.username)
        with self.server.connect(self.admin.username, self.admin.password) as connection:
            exists = connection.execute(
                "SELECT 1 FROM pg_roles where rolname = %s", (self.pending.username,)
            ).fetchall()
            statement = "ALTER USER {} WITH PASSWORD {}"
            if not exists:
                statement = "CREATE ROLE {} WITH LOGIN PASSWORD {}"
            connection.execute(sql.SQL(statement).format(user, self.pending.password))
            if not exists:
                original = sql.Identifier(self.current.username)
                connection.execute(sql.SQL("GRANT {} TO {}").format(original, user))

    def test_secret(self) -> None:
        """Log in with the new version."""
        assert self.pending is not None
        with self.server.connect(self.pending.username, self.pending.password) as connection:
            connection.execute("SELECT NOW()")

    def finish_secret(self) -> None:
        """Make the new version the current one."""
        assert self.pending is not None
        self.previous, self.current, self.pending = self.current, self.pending, None
