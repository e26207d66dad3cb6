"""The error of a failed connection, under PyGreSQL's name."""

from psycopg import OperationalError as InternalError

__all__ = ["InternalError"]
