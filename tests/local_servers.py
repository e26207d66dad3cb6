"""What clients can do with the servers of a local stage."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from settings.names import SecretNames
from spywatcher_constructs.functions.redis_rotation import redis

_ROTATION_SECONDS = 60.0


@dataclass
class ServerResults:
    """What the clients found. A statement that was allowed has an empty error."""

    application_statements: dict[str, str]
    administrator_statements: dict[str, str]
    owner_login: str
    accepted_after_one_rotation: list[bool]
    """Whether the first and the second password of the application are accepted."""
    accepted_after_two_rotations: list[bool]
    """Whether the first, the second and the third password are accepted."""
    accepted_tokens: list[bool]
    """Whether Redis accepts the current token and a wrong one."""
    accepted_tokens_after_rotation: list[bool]
    """Whether Redis accepts the first and the second token."""


class LocalServers:
    """The servers of a stage, with the credentials of Secrets Manager."""

    def __init__(self, client: Callable[[str], Any], prefix: str, certificate: str) -> None:
        self._secrets = client("secretsmanager")
        self._elasticache = client("elasticache")
        self._names = SecretNames(prefix)
        self._tls = ssl.create_default_context(cafile=certificate)

    def read(self) -> ServerResults:
        """Connect as each role, and rotate the application's password and the token of Redis."""
        application, token = self._names.database_application, self._names.cache_token
        admin = self._login(self._names.database_admin)
        first = self._login(application)
        allowed, denied = "SELECT current_user", "CREATE TABLE other (id INTEGER)"
        application_statements = {s: _run(first, s) for s in (allowed, denied)}
        second = self._rotated_login(application)
        after_one = [_accepts(login) for login in (first, second)]
        third = self._rotated_login(application)
        after_two = [_accepts(login) for login in (first, second, third)]
        first_token = self._value(token)
        tokens = [self._accepts_token(value) for value in (first_token, "wrong")]
        second_token = self._rotate(token)
        return ServerResults(
            application_statements=application_statements,
            administrator_statements={s: _run(admin, s) for s in (allowed, "CREATE ROLE other")},
            owner_login=_run({**first, "username": "spywatcher_owner"}, allowed),
            accepted_after_one_rotation=after_one,
            accepted_after_two_rotations=after_two,
            accepted_tokens=tokens,
            accepted_tokens_after_rotation=[
                self._accepts_token(value) for value in (first_token, second_token)
            ],
        )

    def _value(self, name: str) -> str:
        return str(self._secrets.get_secret_value(SecretId=name)["SecretString"])

    def _login(self, name: str) -> dict[str, Any]:
        login: dict[str, Any] = json.loads(self._value(name))
        return login

    def _rotate(self, name: str) -> str:
        """Rotate a secret, and return the new value."""
        before, deadline = self._value(name), time.monotonic() + _ROTATION_SECONDS
        self._secrets.rotate_secret(SecretId=name)
        while (value := self._value(name)) == before:
            assert time.monotonic() < deadline, f"the rotation of {name} has not ended"
            time.sleep(0.1)
        return value

    def _rotated_login(self, name: str) -> dict[str, Any]:
        login: dict[str, Any] = json.loads(self._rotate(name))
        return login

    def _accepts_token(self, token: str) -> bool:
        (group,) = self._elasticache.describe_replication_groups()["ReplicationGroups"]
        endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
        node = redis.Node(endpoint["Address"], endpoint["Port"])
        return redis.accepts_token(node, token, self._tls)


def _run(login: dict[str, Any], statement: str) -> str:
    """Run a statement and return its error; empty if it was allowed."""
    try:
        with _connect(login) as connection:
            connection.execute(statement.encode())
            connection.rollback()
    except psycopg.Error as error:
        return str(error)
    return ""


def _accepts(login: dict[str, Any]) -> bool:
    error = _run(login, "SELECT 1")
    assert not error or "password authentication failed" in error, error
    return not error


def _connect(login: dict[str, Any]) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=login["host"],
        port=login["port"],
        user=login["username"],
        password=login["password"],
        dbname=login["dbname"],
        sslmode="require",
    )
