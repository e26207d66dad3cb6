"""The steps of a rotation.

Secrets Manager calls four of them. A daily rule calls the fifth, which removes the previous token.
At every moment, every node accepts the token that has the label AWSCURRENT in the secret, which is
the token that the application reads:

- createSecret stores a new token as AWSPENDING.
- setSecret adds the new token to the current one.
- testSecret logs in to every node with the new token.
- finishSecret makes the new token AWSCURRENT. The application reads it within minutes, and the
  token that it has until then is still valid.
- retirePrevious makes the current token the only one, after the application had a day to read it.

A step can fail and run again. Each step first checks what an earlier attempt has done.
"""

import datetime as dt
import secrets
import string
from typing import Any

from .replication_group import ReplicationGroup

_CURRENT, _PENDING, _PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
_ALPHABET = string.ascii_letters + string.digits
"""ElastiCache allows few symbols in a token, and a URL allows even fewer."""
_TOKEN_LENGTH = 64
"""ElastiCache allows 16 to 128 characters."""


class RotationError(Exception):
    """The rotation must not continue. docs/runbooks/secrets.md describes what to do."""


class TokenRotation:
    """The rotation of a secret whose value is the AUTH token of a replication group."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        secret_arn: str,
        group: ReplicationGroup,
    ) -> None:
        """Store the boto3 client of Secrets Manager, the secret's ARN and the group."""
        self._client = client
        self._secret_arn = secret_arn
        self._group = group

    def create_secret(self, version: str) -> None:
        """Store a new token in the version, unless an earlier attempt has stored one."""
        if self._is_finished(version) or self._token(version, _PENDING) is not None:
            return
        self._client.put_secret_value(
            SecretId=self._secret_arn,
            ClientRequestToken=version,
            SecretString="".join(secrets.choice(_ALPHABET) for _ in range(_TOKEN_LENGTH)),
            VersionStages=[_PENDING],
        )

    def set_secret(self, version: str) -> None:
        """Make the new token valid in addition to the current one.

        Raises:
            RotationError: Redis refuses the current token. Adding another one would remove the
                token that the application may have.
        """
        if self._is_finished(version):
            return
        self._group.wait_until_available()
        new = self._pending_token(version)
        self._check_current_token(self._current_token())
        if not self._group.every_node_accepts(new):
            self._group.add_token(new)

    def test_secret(self, version: str) -> None:
        """Log in to every node with the new token.

        Raises:
            RotationError: A node refuses it.
        """
        if self._is_finished(version):
            return
        if not self._group.every_node_accepts(self._pending_token(version)):
            raise RotationError("Redis refuses the new token")

    def finish_secret(self, version: str) -> None:
        """Make the new token the current one, which the application reads."""
        if self._is_finished(version):
            return
        self._client.update_secret_version_stage(
            SecretId=self._secret_arn,
            VersionStage=_CURRENT,
            MoveToVersionId=version,
            RemoveFromVersionId=self._version(_CURRENT),
        )

    def retire_previous(self, overlap: dt.timedelta) -> None:
        """Remove the previous token, unless it is still needed or already removed.

        It is needed while the current token is younger than the overlap, and during a rotation.
        During another change of the group, ElastiCache refuses the removal. In all these cases, the
        call of the next day removes the token.

        Raises:
            RotationError: Redis refuses the current token.
        """
        previous = self._token(self._version(_PREVIOUS), _PREVIOUS)
        if previous is None or self._is_rotating() or self._age() < overlap:
            return
        if not self._group.is_available() or not self._group.any_node_accepts(previous):
            return
        current = self._current_token()
        self._check_current_token(current)
        self._group.keep_only_token(current)

    def _check_current_token(self, token: str) -> None:
        if not self._group.every_node_accepts(token):
            raise RotationError("Redis refuses the current token, which the application has")

    def _is_finished(self, version: str) -> bool:
        """Return whether the version is the current one.

        Raises:
            RotationError: The version is neither current nor pending.
        """
        stages = self._describe()["VersionIdsToStages"].get(version, [])
        if _CURRENT not in stages and _PENDING not in stages:
            raise RotationError(f"version {version} is not pending")
        return _CURRENT in stages

    def _is_rotating(self) -> bool:
        return self._version(_PENDING) not in (None, self._version(_CURRENT))

    def _age(self) -> dt.timedelta:
        """Return the time since the last change of the secret; a new current token is one."""
        changed: dt.datetime = self._describe()["LastChangedDate"]
        return dt.datetime.now(dt.UTC) - changed

    def _version(self, stage: str) -> str | None:
        versions: dict[str, list[str]] = self._describe()["VersionIdsToStages"]
        return next((version for version, stages in versions.items() if stage in stages), None)

    def _describe(self) -> dict[str, Any]:
        response: dict[str, Any] = self._client.describe_secret(SecretId=self._secret_arn)
        return response

    def _current_token(self) -> str:
        token = self._token(self._version(_CURRENT), _CURRENT)
        if token is None:
            raise RotationError("the secret has no value")
        return token

    def _pending_token(self, version: str) -> str:
        token = self._token(version, _PENDING)
        if token is None:
            raise RotationError(f"version {version} has no value yet")
        return token

    def _token(self, version: str | None, stage: str) -> str | None:
        """Return the token of a version with this staging label, or None if there is none."""
        if version is None:
            return None
        try:
            response = self._client.get_secret_value(
                SecretId=self._secret_arn, VersionId=version, VersionStage=stage
            )
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return str(response["SecretString"])
