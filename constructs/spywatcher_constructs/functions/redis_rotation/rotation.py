"""The rotation of the AUTH token of Redis.

At every moment, every node accepts the token that has the label AWSCURRENT in the secret, which is
the token that the application reads:

- setSecret adds the new token to the current one.
- testSecret logs in to every node with the new token.
- After finishSecret, the application reads the new token within minutes. The token that it has
  until then is still valid.
- retirePrevious makes the current token the only one, after the application had a day to read it.
  A daily rule calls it.
"""

import datetime as dt
import secrets
import string

from ..secret_rotation.rotation import Rotation
from ..secret_rotation.secret import RotatingSecret, RotationError
from .replication_group import ReplicationGroup

_ALPHABET = string.ascii_letters + string.digits
"""ElastiCache allows few symbols in a token, and a URL allows even fewer."""
_TOKEN_LENGTH = 64
"""ElastiCache allows 16 to 128 characters."""


class TokenRotation(Rotation):
    """The rotation of a secret whose value is the AUTH token of a replication group."""

    def __init__(self, secret: RotatingSecret, group: ReplicationGroup) -> None:
        """Store the secret and the group."""
        super().__init__(secret)
        self._group = group

    def generate_value(self) -> str:
        """Return a new token."""
        return "".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_LENGTH))

    def apply_value(self, value: str) -> None:
        """Make the new token valid in addition to the current one.

        Raises:
            RotationError: Redis refuses the current token. Adding another one would remove the
                token that the application may have.
        """
        self._group.wait_until_available()
        self._check_current_token(self.secret.current_value())
        if not self._group.every_node_accepts(value):
            self._group.add_token(value)

    def test_value(self, value: str) -> None:
        """Log in to every node with the new token.

        Raises:
            RotationError: A node refuses it.
        """
        if not self._group.every_node_accepts(value):
            raise RotationError("Redis refuses the new token")

    def retire_previous(self, overlap: dt.timedelta) -> None:
        """Remove the previous token, unless it is still needed or already removed.

        It is needed while the current token is younger than the overlap, and during a rotation.
        During another change of the group, ElastiCache refuses the removal. In all these cases, the
        call of the next day removes the token.

        Raises:
            RotationError: Redis refuses the current token.
        """
        previous = self.secret.previous_value()
        if previous is None or self.secret.is_rotating():
            return
        if self.secret.time_since_change() < overlap:
            return
        if not self._group.is_available() or not self._group.any_node_accepts(previous):
            return
        current = self.secret.current_value()
        self._check_current_token(current)
        self._group.keep_only_token(current)

    def _check_current_token(self, token: str) -> None:
        if not self._group.every_node_accepts(token):
            raise RotationError("Redis refuses the current token, which the application has")
