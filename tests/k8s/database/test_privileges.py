"""What the users of the application are not allowed to do, on PostgreSQL 15."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from k8s.database_bootstrap import OWNER_ROLE
from tests.k8s.database.conftest import ADMIN, APPLICATION
from tests.k8s.database.database import DATABASE, Connection, Database, permission_denied
from tests.k8s.database.migrations import FIRST, migrate
from tests.k8s.database.rotation import ApplicationSecret


@pytest.fixture(scope="module")
def ready(database: Database, bootstrap: Callable[..., str]) -> ApplicationSecret:
    """The secret, and the database after a deployment and a rotation: both users can log in."""
    database.reset(ADMIN.password)
    secret = ApplicationSecret(database, ADMIN, APPLICATION)
    bootstrap(secret.current)
    migrate(database, ADMIN, *FIRST)
    secret.rotate()
    return secret


@pytest.fixture(scope="module", params=["spywatcher", "spywatcher_clone"])
def user(ready: ApplicationSecret, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection of each of the application's two users."""
    logins = {login.username: login for login in (ready.current, ready.previous)}
    login = logins[request.param]
    with ready.database.connect(login.username, login.password) as connection:
        connection.autocommit = True
        yield connection


@pytest.mark.parametrize(
    "statement, message",
    [
        ("CREATE ROLE other", "permission denied to create role"),
        ("CREATE DATABASE other", "permission denied to create database"),
        ("CREATE SCHEMA other", "permission denied for database"),
        ("CREATE TABLE other (id INTEGER)", "permission denied for schema public"),
        ("CREATE TEMPORARY TABLE other (id INTEGER)", "permission denied to create temporary"),
        ("CREATE EXTENSION pgcrypto", "permission denied to create extension"),
        ('DROP TABLE "User"', "must be owner of table User"),
        ('ALTER TABLE "User" ADD COLUMN other TEXT', "must be owner of table User"),
        ('TRUNCATE "User"', "permission denied for table User"),
        ('DROP TYPE "Role" CASCADE', "must be owner of type"),
        ("SET ROLE spywatcher_owner", "permission denied to set role"),
        ("SET ROLE spywatcher_admin", "permission denied to set role"),
        ("ALTER ROLE spywatcher_admin PASSWORD 'x'", "permission denied"),
        ("GRANT spywatcher_owner TO spywatcher", "must have admin option"),
        ("SELECT * FROM pg_authid", "permission denied for table pg_authid"),
        ("COPY (SELECT 1) TO PROGRAM 'id'", "must be superuser or have privileges"),
    ],
)
def test_the_application_cannot(user: Connection, statement: str, message: str) -> None:
    with permission_denied(message):
        user.execute(statement)


def test_the_application_cannot_read_another_schema(
    ready: ApplicationSecret, user: Connection
) -> None:
    with ready.database.superuser(DATABASE) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS other")
        connection.execute("CREATE TABLE IF NOT EXISTS other.secrets (id INTEGER)")
    with permission_denied("permission denied for schema other"):
        user.execute("SELECT * FROM other.secrets")


def test_another_role_cannot_connect_to_the_database(ready: ApplicationSecret) -> None:
    with ready.database.superuser(DATABASE) as connection:
        connection.execute("CREATE ROLE stranger LOGIN PASSWORD 'known'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        ready.database.connect("stranger", "known")


def test_the_owner_cannot_log_in(ready: ApplicationSecret) -> None:
    with ready.database.superuser() as connection:
        connection.execute("ALTER ROLE spywatcher_owner PASSWORD 'known'")
    with pytest.raises(psycopg.OperationalError, match="is not permitted to log in"):
        ready.database.connect(OWNER_ROLE, "known")


def test_a_connection_without_tls_is_refused(ready: ApplicationSecret) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(
            host="127.0.0.1",
            port=ready.database.port,
            user=ready.current.username,
            password=ready.current.password,
            dbname=DATABASE,
            sslmode="disable",
        )
