"""PyGreSQL's `connect`, implemented with psycopg. PyGreSQL has no package with libpq."""

import os
from typing import Any

import psycopg


def connect(*, database: str, sslrootcert: str = "", **parameters: Any) -> Any:  # noqa: ANN401
    """Connect as PyGreSQL does.

    The functions name the certificates of Amazon Linux, which PGSSLROOTCERT replaces. The cursors
    bind parameters on the client, since PostgreSQL binds none in ALTER USER.

    Raises:
        psycopg.OperationalError: The connection failed.
    """
    return psycopg.connect(
        dbname=database,
        sslrootcert=os.environ.get("PGSSLROOTCERT", sslrootcert),
        cursor_factory=psycopg.ClientCursor,
        **parameters,
    )
