"""The four steps of a rotation, and the one that ends the old token a day later.

At every moment every node takes the token that the secret calls AWSCURRENT, which is what the
application reads:

- setSecret adds the new token to the current one,
- finishSecret makes it the current one; the application follows within minutes, and until then
  has a token that is still valid,
- retirePrevious, when the application had a day for it, leaves the current one alone.

Each step looks first how far an earlier attempt got, and goes on from there.
"""

import datetime as dt
import secrets
import string
from typing import Any

from .replication_group import ReplicationGroup

_CURRENT, _PENDING, _PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
_LETTERS = string.ascii_letters + string.digits
"""ElastiCache takes few symbols in a token, and a URL fewer."""
_LENGTH = 64
"""ElastiCache takes 16 to 128."""


class RotationError(Exception):
    """A rotation that must not go on; docs/runbooks/secrets.md says what to do."""


class TokenRotation:
    """The rotation of one secret, whose value is the token of one replication group."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        secret: str,
        group: ReplicationGroup,
    ) -> None:
        """Take boto3's client of Secrets Manager, the secret's ARN, and the group."""
        self._client = client
        self._secret = secret
        self._group = group

    def create_secret(self, version: str) -> None:
        """Put a new token into the version, unless an earlier attempt did."""
        if self._is_finished(version) or self._token(version, _PENDING) is not None:
            return
        self._client.put_secret_value(
            SecretId=self._secret,
            ClientRequestToken=version,
            SecretString="".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)),
            VersionStages=[_PENDING],
        )

    def set_secret(self, version: str) -> None:
        """Make the new token valid beside the current one.

        Raises:
            RotationError: Redis does not take the current one. To add another would push out the
                one that the application may have.
        """
        if self._is_finished(version):
            return
        self._group.wait()
        new = self._pending(version)
        if not self._group.takes(self._current()):
            raise RotationError("Redis does not take the token that the application has")
        if not self._group.takes(new):
            self._group.add(new)

    def test_secret(self, version: str) -> None:
        """Log in to every node with the new token.

        Raises:
            RotationError: a node refuses it.
        """
        if not self._is_finished(version) and not self._group.takes(self._pending(version)):
            raise RotationError("Redis does not take the new token")

    def finish_secret(self, version: str) -> None:
        """Let the application have the new token."""
        if self._is_finished(version):
            return
        self._client.update_secret_version_stage(
            SecretId=self._secret,
            VersionStage=_CURRENT,
            MoveToVersionId=version,
            RemoveFromVersionId=self._version(_CURRENT),
        )

    def retire_previous(self, overlap: dt.timedelta) -> None:
        """End the token before the current one, unless it is in use or was ended already.

        Nothing happens while the current one is younger than the overlap, during a rotation, or
        during another change of the group: the next call comes tomorrow.

        Raises:
            RotationError: Redis does not take the current one.
        """
        previous = self._token(self._version(_PREVIOUS), _PREVIOUS)
        if previous is None or self._is_rotating() or self._age() < overlap:
            return
        if not self._group.is_available() or not self._group.still_takes(previous):
            return
        current = self._current()
        if not self._group.takes(current):
            raise RotationError("Redis does not take the token that the application has")
        self._group.keep_only(current)

    def _is_finished(self, version: str) -> bool:
        """Whether the version is the current one already.

        Raises:
            RotationError: it is not one that is being rotated to.
        """
        stages = self._describe()["VersionIdsToStages"].get(version, [])
        if _CURRENT not in stages and _PENDING not in stages:
            raise RotationError(f"version {version} is not a pending one")
        return _CURRENT in stages

    def _is_rotating(self) -> bool:
        return self._version(_PENDING) not in (None, self._version(_CURRENT))

    def _age(self) -> dt.timedelta:
        """Return the time since the secret was last changed in any way: a new current token is."""
        changed: dt.datetime = self._describe()["LastChangedDate"]
        return dt.datetime.now(dt.UTC) - changed

    def _version(self, stage: str) -> str | None:
        versions: dict[str, list[str]] = self._describe()["VersionIdsToStages"]
        return next((version for version, stages in versions.items() if stage in stages), None)

    def _describe(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.describe_secret(SecretId=self._secret)
        return answer

    def _current(self) -> str:
        token = self._token(self._version(_CURRENT), _CURRENT)
        if token is None:
            raise RotationError("the secret has no value")
        return token

    def _pending(self, version: str) -> str:
        token = self._token(version, _PENDING)
        if token is None:
            raise RotationError(f"version {version} has no value yet")
        return token

    def _token(self, version: str | None, stage: str) -> str | None:
        """Return the token of a version with this stage; None where there is none."""
        if version is None:
            return None
        try:
            answer = self._client.get_secret_value(
                SecretId=self._secret, VersionId=version, VersionStage=stage
            )
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return str(answer["SecretString"])
