"""Reads and sets the values of a stage's application secret in Secrets Manager."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from k8s import application_values
from settings import StageSettings
from tools.operations.errors import OperationError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class ApplicationSecretStore:
    """The application secret of a stage, which the security stack creates."""

    def __init__(self, client: "BaseClient", settings: StageSettings) -> None:
        """Use a Secrets Manager client in the region of the stage."""
        self._client = client
        self._stage = settings.stage
        self._name = settings.secret_names.application
        self._has_private_registry = settings.services.private_registry is not None

    def values(self) -> dict[str, str]:
        """Return the values by key.

        Raises:
            OperationError: the secret does not exist, or is not a JSON object.
        """
        try:
            response = self._client.get_secret_value(SecretId=self._name)
        except self._client.exceptions.ResourceNotFoundException:
            raise OperationError(
                f"{self._name}: the secret does not exist yet; create it first: "
                f"python3 dev.py cdk deploy {self._stage}/security"
            ) from None
        try:
            values = json.loads(response["SecretString"])
        except (KeyError, ValueError):
            values = None
        if not isinstance(values, dict):
            raise OperationError(f"{self._name}: found no JSON object; allowed: a JSON object")
        return {str(key): str(value) for key, value in values.items()}

    def invalid_values(self) -> Mapping[str, str]:
        """Return the keys of missing and malformed values, each with the allowed format in words.

        Raises:
            OperationError: the secret does not exist, or is not a JSON object.
        """
        return application_values.invalid_values(
            self.values(), has_private_registry=self._has_private_registry
        )

    def set(self, key: str, value: str) -> None:
        """Set one value, and keep the others.

        Raises:
            OperationError: the key is unknown, or the value is malformed.
        """
        if key not in application_values.VALUES:
            keys = ", ".join(application_values.VALUES)
            raise OperationError(f"{self._name}: found key {key!r}; allowed: {keys}")
        value_format = application_values.VALUES[key]
        allowed = value_format.description
        if not value_format.accepts(value):
            raise OperationError(f"{self._name}: {key}: found another format; allowed: {allowed}")
        values = self.values() | {key: value}
        self._client.put_secret_value(SecretId=self._name, SecretString=json.dumps(values))
