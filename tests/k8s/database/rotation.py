"""Rotates the application's secret with the code of Secrets Manager's hosted function."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.k8s.database.database import DATABASE, HOST, Database
from tools.embedded_aws.hosted_rotation.functions import load_function

_APPLICATION, _ADMIN = "arn:application", "arn:admin"


class ResourceNotFoundError(Exception):
    """A secret has no version with this id or staging label."""


@dataclass(frozen=True)
class Login:
    """The user name and the password in a version of a secret."""

    username: str
    password: str


class SecretsManager:
    """The part of the boto3 client that the function uses."""

    class exceptions:  # noqa: N801  boto3's name
        ResourceNotFoundException = ResourceNotFoundError

    def __init__(self, secrets_by_arn: dict[str, dict[str, Any]]) -> None:
        self._versions = {arn: {"first": json.dumps(v)} for arn, v in secrets_by_arn.items()}
        self._stages = {arn: {"AWSCURRENT": "first"} for arn in secrets_by_arn}

    def begin_rotation(self, arn: str) -> str:
        """Label a new version as pending, as RotateSecret does; return its id."""
        version = secrets.token_hex(16)
        self._stages[arn]["AWSPENDING"] = version
        return version

    def value(self, arn: str, stage: str) -> dict[str, Any]:
        """Return the secret's value with this staging label."""
        value: dict[str, Any] = json.loads(self._versions[arn][self._stages[arn][stage]])
        return value

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803
        stages: dict[str, list[str]] = {}
        for stage, version in self._stages[SecretId].items():
            stages.setdefault(version, []).append(stage)
        return {"RotationEnabled": True, "VersionIdsToStages": stages}

    def get_secret_value(
        self,
        *,
        SecretId: str,  # noqa: N803
        VersionStage: str,  # noqa: N803
        VersionId: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        version = self._stages[SecretId].get(VersionStage, "")
        if version not in self._versions[SecretId] or VersionId not in ("", version):
            raise ResourceNotFoundError(VersionStage)
        return {"SecretString": self._versions[SecretId][version]}

    def put_secret_value(
        self,
        *,
        SecretId: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        SecretString: str,  # noqa: N803
        VersionStages: list[str],  # noqa: N803
    ) -> None:
        self._versions[SecretId][ClientRequestToken] = SecretString
        self._stages[SecretId] |= dict.fromkeys(VersionStages, ClientRequestToken)

    def update_secret_version_stage(
        self,
        *,
        SecretId: str,  # noqa: N803
        VersionStage: str,  # noqa: N803
        MoveToVersionId: str,  # noqa: N803
        RemoveFromVersionId: str,  # noqa: N803
    ) -> None:
        stages = self._stages[SecretId]
        assert stages[VersionStage] == RemoveFromVersionId
        stages |= {"AWSPREVIOUS": RemoveFromVersionId, VersionStage: MoveToVersionId}

    def get_random_password(self, **_: Any) -> dict[str, str]:
        return {"RandomPassword": secrets.token_urlsafe(24)}


@dataclass
class ApplicationSecret:
    """The application's secret, and the four steps of its rotation."""

    database: Database
    admin: Login
    first: Login
    _client: SecretsManager = field(init=False, repr=False)
    _version: str = field(default="", init=False)

    def __post_init__(self) -> None:
        endpoint = {"engine": "postgres", "host": HOST, "port": self.database.port}
        common = {**endpoint, "dbname": DATABASE, "ssl": True}
        application = {**common, **vars(self.first), "masterarn": _ADMIN}
        admin = {**common, **vars(self.admin)}
        self._client = SecretsManager({_APPLICATION: application, _ADMIN: admin})

    @property
    def current(self) -> Login:
        """The version that the application reads."""
        return self._login("AWSCURRENT")

    @property
    def previous(self) -> Login:
        """The version before the current one."""
        return self._login("AWSPREVIOUS")

    def rotate(self) -> None:
        """Run the four steps."""
        self.create_secret()
        for step in ("set_secret", "test_secret", "finish_secret"):
            self.run_step(step)

    def create_secret(self) -> None:
        """Begin a rotation with its first step."""
        self._version = self._client.begin_rotation(_APPLICATION)
        self.run_step("create_secret")

    def run_step(self, step: str) -> None:
        """Run a step of the function."""
        function = load_function("PostgreSQLMultiUser")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGSSLROOTCERT", str(self.database.certificate))
            patch.setenv("PGHOSTADDR", "127.0.0.1")
            getattr(function, step)(self._client, _APPLICATION, self._version)

    def _login(self, stage: str) -> Login:
        value = self._client.value(_APPLICATION, stage)
        return Login(value["username"], value["password"])
