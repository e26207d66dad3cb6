"""Reads and sets the values of a stage's application secret, in Secrets Manager."""

import json
from typing import TYPE_CHECKING

from k8s import application_values
from settings import StageSettings
from settings.names import SecretNames
from tools.operations.errors import OperationError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class ApplicationSecretStore:
    """The application secret of a stage, which the security stack makes."""

    def __init__(self, client: "BaseClient", settings: StageSettings) -> None:
        """Take a client of Secrets Manager in the stage's region."""
        self._client = client
        self._stage = settings.stage
        self._name = SecretNames(settings.resource_name()).application

    def values(self) -> dict[str, str]:
        """Return the values.

        Raises:
            OperationError: the secret does not exist yet, or holds no JSON object.
        """
        try:
            answer = self._client.get_secret_value(SecretId=self._name)
        except self._client.exceptions.ResourceNotFoundException:
            raise OperationError(
                f"{self._name}: no such secret yet; make it first: "
                f"python3 dev.py cdk deploy {self._stage}/security"
            ) from None
        try:
            values = json.loads(answer["SecretString"])
        except (KeyError, ValueError):
            values = None
        if not isinstance(values, dict):
            raise OperationError(f"{self._name}: found no JSON object; allowed: one, of strings")
        return {str(key): str(value) for key, value in values.items()}

    def check(self) -> None:
        """Refuse a deployment that would start a backend without what it needs.

        Raises:
            OperationError: values are missing or malformed; names them, never their content.
        """
        missing = application_values.invalid_values(self.values())
        if missing:
            lines = [
                f"  {key}: {allowed}; set it: python3 dev.py set-secret {self._stage} {key}"
                for key, allowed in missing.items()
            ]
            raise OperationError("\n".join([f"{self._name}: values are missing:", *lines]))

    def set(self, key: str, value: str) -> None:
        """Set one value and keep the others.

        Raises:
            OperationError: the key is unknown, or the value malformed.
        """
        if key not in application_values.VALUES:
            known = ", ".join(application_values.VALUES)
            raise OperationError(f"{self._name}: found key {key!r}; allowed: {known}")
        value_format = application_values.VALUES[key]
        allowed = value_format.description
        if not value_format.accepts(value):
            raise OperationError(f"{self._name}: {key}: found another form; allowed: {allowed}")
        values = self.values() | {key: value}
        self._client.put_secret_value(SecretId=self._name, SecretString=json.dumps(values))
