"""The value of a secret: a user of PostgreSQL, its password and its database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..secret_rotation.secret import RotationError

_KEYS = ("host", "port", "dbname", "username", "password")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The credentials, and what else the secret contains."""

    fields: Mapping[str, Any]
    """The JSON object of the secret, as Secrets Manager and RDS write it."""

    @classmethod
    def from_secret_value(cls, value: str) -> "Credentials":
        """Parse the value of a secret.

        Raises:
            RotationError: A key is missing, for example because the secret is not attached to an
                instance.
        """
        fields = json.loads(value)
        missing = [key for key in _KEYS if key not in fields]
        if missing:
            raise RotationError(f"the secret has no {', '.join(missing)}")
        return cls(fields=fields)

    @property
    def username(self) -> str:
        """The name of the user."""
        return str(self.fields["username"])

    @property
    def password(self) -> str:
        """The password of the user."""
        return str(self.fields["password"])

    @property
    def host(self) -> str:
        """The host name of the instance, which its certificate must have."""
        return str(self.fields["host"])

    @property
    def port(self) -> int:
        """The port of the instance."""
        return int(self.fields["port"])

    @property
    def database(self) -> str:
        """The name of the database."""
        return str(self.fields["dbname"])

    def replace(self, *, password: str, username: str | None = None) -> "Credentials":
        """Return credentials with another password, and perhaps of another user."""
        changes = {"username": username or self.username, "password": password}
        return Credentials(fields={**self.fields, **changes})

    def to_secret_value(self) -> str:
        """Return the value of the secret."""
        return json.dumps(self.fields)

    def __repr__(self) -> str:
        """Return the user and the instance, without the password."""
        return f"{self.username} on {self.host}"
