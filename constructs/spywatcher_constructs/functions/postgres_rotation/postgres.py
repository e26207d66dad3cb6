"""Logs in to PostgreSQL, and changes its users."""

import base64
import ssl

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection, identifier, literal
from scramp import ScramMechanism

from .credentials import Credentials

_TIMEOUT_SECONDS = 10.0
"""The timeout of each network operation: the connection, the TLS handshake and each reply."""
_REFUSALS = (
    "28P01",  # invalid_password, also for a user that does not exist
    "28000",  # invalid_authorization_specification, for a role that may not log in
    "42501",  # insufficient_privilege, for a user that may not connect to the database
)
"""The error codes of a refused login ("PostgreSQL Error Codes", PostgreSQL documentation)."""


def trust(root_certificate: str) -> ssl.SSLContext:
    """Return a TLS context that verifies the server's name, and trusts one authority alone.

    Args:
        root_certificate: The certificate of the authority, in PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root_certificate)
    return context


def connect(credentials: Credentials, tls: ssl.SSLContext) -> Connection:
    """Log in. The end of a `with` block closes the connection.

    Raises:
        pg8000.exceptions.DatabaseError: PostgreSQL refuses the login.
        pg8000.exceptions.InterfaceError: The server has no TLS, or cannot be reached.
        OSError: The server's certificate is not trusted, or the connection failed.
    """
    return Connection(
        credentials.username,
        password=credentials.password,
        host=credentials.host,
        port=credentials.port,
        database=credentials.database,
        ssl_context=tls,
        timeout=_TIMEOUT_SECONDS,
    )


def accepts(credentials: Credentials, tls: ssl.SSLContext) -> bool:
    """Return whether the user can log in to the database.

    Raises:
        pg8000.exceptions.Error: The server gave another answer, for example while it starts.
        OSError: The server's certificate is not trusted, or the connection failed.
    """
    try:
        with connect(credentials, tls):
            return True
    except DatabaseError as error:
        if error.args[0]["C"] not in _REFUSALS:
            raise
        return False


def set_password(connection: Connection, user: str, password: str) -> None:
    """Set the password of a user, who may log in from then on.

    The statement contains a SCRAM secret instead of the password, as psql's password command
    does. No log of PostgreSQL can therefore contain the password.
    """
    statement = f"ALTER ROLE {identifier(user)} LOGIN PASSWORD {literal(_scram_secret(password))}"
    connection.run(statement)


def create_user_like(connection: Connection, user: str, model: str) -> None:
    """Create a user unless it exists, and make it a member of the roles of another user.

    Args:
        connection: The connection of the administrator.
        user: The name of the user.
        model: The name of the other user. The user does not become a member of this one, so that
            neither depends on the other.
    """
    if not connection.run("SELECT FROM pg_roles WHERE rolname = :user", user=user):
        connection.run(f"CREATE ROLE {identifier(user)}")
    roles = connection.run(
        "SELECT granted.rolname FROM pg_auth_members"
        " JOIN pg_roles AS granted ON granted.oid = roleid"
        " JOIN pg_roles AS member ON member.oid = pg_auth_members.member"
        " WHERE member.rolname = :model AND granted.rolname <> :user",
        model=model,
        user=user,
    )
    for (role,) in roles or ():
        connection.run(f"GRANT {identifier(role)} TO {identifier(user)}")


def _scram_secret(password: str) -> str:
    """Return what PostgreSQL stores of a password (pg_authid, PostgreSQL documentation)."""
    salt, stored_key, server_key, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(
        password
    )
    encoded = [base64.b64encode(part).decode("ascii") for part in (salt, stored_key, server_key)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *encoded)
