"""The two rotation strategies of Secrets Manager for a user of PostgreSQL.

Single user: setSecret sets the password of the user. Until finishSecret, which follows within
seconds, the secret has a password that PostgreSQL refuses. Open sessions continue.

Alternating users: setSecret sets the password of the other one of two users, such as `spywatcher`
and `spywatcher_clone`. PostgreSQL accepts the current value of the secret at every moment, and the
previous value until the next rotation.

("Lambda function rotation strategies", AWS Secrets Manager User Guide.)
"""

import json
import secrets
import ssl
import string
from abc import abstractmethod

from ..secret_rotation.rotation import Rotation
from ..secret_rotation.secret import RotatingSecret, RotationError
from . import postgres
from .credentials import Credentials

_ALPHABET = string.ascii_letters + string.digits
"""A shell, a URL and RDS allow these characters."""
_PASSWORD_LENGTH = 32
_CLONE_SUFFIX = "_clone"


class _CredentialsRotation(Rotation):
    """The rotation of a secret that contains the credentials of a user."""

    def __init__(self, secret: RotatingSecret, tls: ssl.SSLContext) -> None:
        """Store the secret, and the certificates that connections trust."""
        super().__init__(secret)
        self._tls = tls

    def generate_value(self) -> str:
        """Return the credentials of the next user, with a new password."""
        current = self._current()
        password = "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))
        new = current.replace(password=password, username=self._next_username(current))
        return new.to_secret_value()

    def apply_value(self, value: str) -> None:
        """Set the new password, unless PostgreSQL accepts it already.

        Raises:
            RotationError: The secret has changed since createSecret, for example because it is
                attached to another instance. Or PostgreSQL refuses the credentials that the change
                needs.
        """
        new, current = Credentials.from_secret_value(value), self._current()
        expected = current.replace(password=new.password, username=self._next_username(current))
        if new != expected:
            raise RotationError(
                f"the rotation has prepared {new}, but the secret has changed to {current}"
            )
        if not self._accepts(new):
            self._set_password(new, current)

    def test_value(self, value: str) -> None:
        """Log in with the new credentials.

        Raises:
            RotationError: PostgreSQL refuses them.
        """
        new = Credentials.from_secret_value(value)
        if not self._accepts(new):
            raise RotationError(f"PostgreSQL refuses the new credentials of {new}")

    @abstractmethod
    def _next_username(self, current: Credentials) -> str:
        """Return the user whose password the rotation sets."""

    @abstractmethod
    def _set_password(self, new: Credentials, current: Credentials) -> None:
        """Make PostgreSQL accept the new credentials."""

    def _current(self) -> Credentials:
        return Credentials.from_secret_value(self.secret.current_value())

    def _accepts(self, credentials: Credentials) -> bool:
        return postgres.accepts(credentials, self._tls)


class SingleUserRotation(_CredentialsRotation):
    """The rotation of a user that sets its own password."""

    def _next_username(self, current: Credentials) -> str:
        return current.username

    def _set_password(self, new: Credentials, current: Credentials) -> None:
        """Log in with the current or the previous password, and set the new one.

        An instance that was restored from a backup can still have the previous password. The value
        before the secret was attached to the instance has a password, and no host.
        """
        candidates = [current]
        previous = self.secret.previous_value()
        if previous is not None:
            candidates.append(current.replace(password=json.loads(previous)["password"]))
        accepted = next(filter(self._accepts, candidates), None)
        if accepted is None:
            raise RotationError(
                f"PostgreSQL refuses the current and the previous password of {current}"
            )
        with postgres.connect(accepted, self._tls) as connection:
            postgres.set_password(connection, new.username, new.password)


class AlternatingUsersRotation(_CredentialsRotation):
    """The rotation of the application's user, which alternates with its clone."""

    def __init__(
        self, secret: RotatingSecret, tls: ssl.SSLContext, *, administrator: RotatingSecret
    ) -> None:
        """Store the secrets of the application and the administrator, and the certificates."""
        super().__init__(secret, tls)
        self._administrator = administrator

    def _next_username(self, current: Credentials) -> str:
        if current.username.endswith(_CLONE_SUFFIX):
            return current.username.removesuffix(_CLONE_SUFFIX)
        return current.username + _CLONE_SUFFIX

    def _set_password(self, new: Credentials, current: Credentials) -> None:
        """Create the other user if it does not exist, and set its roles and its password."""
        if not self._accepts(current):
            raise RotationError(
                f"PostgreSQL refuses the current password of {current}, which the application has"
            )
        administrator = Credentials.from_secret_value(self._administrator.current_value())
        if (administrator.host, administrator.port) != (current.host, current.port):
            raise RotationError(
                f"the secrets name two instances: {current}, and the administrator {administrator}"
            )
        with postgres.connect(administrator, self._tls) as connection:
            connection.run("START TRANSACTION")
            postgres.create_user_like(connection, new.username, model=current.username)
            postgres.set_password(connection, new.username, new.password)
            connection.run("COMMIT")
