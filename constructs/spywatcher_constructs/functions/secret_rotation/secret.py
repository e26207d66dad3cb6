"""The versions of a secret during its rotation, which staging labels distinguish.

AWSCURRENT is the version that the application reads, and AWSPREVIOUS the one before. AWSPENDING is
the version that a rotation prepares ("How rotation works", AWS Secrets Manager User Guide).
"""

import datetime as dt
from typing import Any

_CURRENT, _PENDING, _PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


class RotationError(Exception):
    """The rotation must not continue. docs/runbooks/secrets.md describes what to do."""


class RotatingSecret:
    """A secret that Secrets Manager rotates."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        arn: str,
    ) -> None:
        """Store the boto3 client of Secrets Manager and the ARN of the secret."""
        self._client = client
        self._arn = arn

    def current_value(self) -> str:
        """Return the value that the application reads.

        Raises:
            RotationError: The secret has no value.
        """
        value = self._value(_CURRENT)
        if value is None:
            raise RotationError("the secret has no value")
        return value

    def previous_value(self) -> str | None:
        """Return the value before the current one, or None before the first rotation."""
        return self._value(_PREVIOUS)

    def pending_value(self, version: str) -> str | None:
        """Return the value of the pending version, or None before createSecret has stored one."""
        return self._value(_PENDING, version)

    def store_pending_value(self, version: str, value: str) -> None:
        """Store the value of the pending version, which keeps it from then on."""
        self._client.put_secret_value(
            SecretId=self._arn,
            ClientRequestToken=version,
            SecretString=value,
            VersionStages=[_PENDING],
        )

    def make_current(self, version: str) -> None:
        """Make a version the one that the application reads."""
        self._client.update_secret_version_stage(
            SecretId=self._arn,
            VersionStage=_CURRENT,
            MoveToVersionId=version,
            RemoveFromVersionId=self._version(_CURRENT),
        )

    def is_current(self, version: str) -> bool:
        """Return whether a version is the current one.

        Raises:
            RotationError: The version is neither current nor pending.
        """
        stages = self._describe()["VersionIdsToStages"].get(version, [])
        if _CURRENT not in stages and _PENDING not in stages:
            raise RotationError(f"version {version} is not pending")
        return _CURRENT in stages

    def is_rotating(self) -> bool:
        """Return whether a rotation has begun and not finished."""
        return self._version(_PENDING) not in (None, self._version(_CURRENT))

    def time_since_change(self) -> dt.timedelta:
        """Return the time since the last change of the secret; a new current value is one."""
        changed: dt.datetime = self._describe()["LastChangedDate"]
        return dt.datetime.now(dt.UTC) - changed

    def _value(self, stage: str, version: str | None = None) -> str | None:
        """Return the value with a staging label, or None if there is none."""
        required_version = {} if version is None else {"VersionId": version}
        try:
            response = self._client.get_secret_value(
                SecretId=self._arn, VersionStage=stage, **required_version
            )
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return str(response["SecretString"])

    def _version(self, stage: str) -> str | None:
        versions: dict[str, list[str]] = self._describe()["VersionIdsToStages"]
        return next((version for version, stages in versions.items() if stage in stages), None)

    def _describe(self) -> dict[str, Any]:
        response: dict[str, Any] = self._client.describe_secret(SecretId=self._arn)
        return response
