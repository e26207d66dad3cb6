"""Simulates the secrets that a rotation function reads and changes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.boto3_client import AwsError, Crash, Json, create_client
from tools.operations.preflight.api_calls import ApiCall

V0, V1, V2, V3 = (f"version-{number}".ljust(32, "-") for number in range(4))
"""The ids of a secret's versions. They have at least 32 characters."""
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@dataclass
class SimulatedSecret:
    """A secret, whose first version is V0."""

    arn: str
    first_value: str
    changed: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    stages: dict[str, str] = field(default_factory=lambda: {"AWSCURRENT": V0})

    def __post_init__(self) -> None:
        self.values = {V0: self.first_value}
        self._lock = threading.Lock()

    def begin_rotation(self, version: str) -> None:
        """Label a version as pending, as Secrets Manager does before the first step."""
        self.stages["AWSPENDING"] = version

    def begin_test(self, version: str) -> None:
        """Add a pending version with the current value, as RotateSecret does before its test."""
        self.values[version] = self.current()
        self.begin_rotation(version)

    def current(self) -> str:
        """Return the current value, which External Secrets reads."""
        with self._lock:
            return self.values[self.stages["AWSCURRENT"]]

    def describe(self, given: Json) -> Json:
        versions: dict[str, list[str]] = {}
        for stage, version in self.stages.items():
            versions.setdefault(version, []).append(stage)
        return {"VersionIdsToStages": versions, "LastChangedDate": self.changed}

    def get_value(self, given: Json) -> Json:
        """Return a value. A pending version has none before the first step of the rotation."""
        stage = given.get("VersionStage", "AWSCURRENT")
        version = self.stages.get(stage)
        if version not in self.values or given.get("VersionId", version) != version:
            raise AwsError("ResourceNotFoundException", "no such version")
        return {"SecretString": self.values[version], "VersionId": version}

    def put_value(self, given: Json) -> Json:
        version = given["ClientRequestToken"]
        if version in self.values:
            raise AwsError("ResourceExistsException", "a version keeps its value")
        self.values[version] = given["SecretString"]
        for stage in given["VersionStages"]:
            self.stages[stage] = version
        return {}

    def update_version_stage(self, given: Json) -> Json:
        assert given["RemoveFromVersionId"] == self.stages[given["VersionStage"]]
        with self._lock:
            self.stages["AWSPREVIOUS"] = self.stages["AWSCURRENT"]
            self.stages["AWSCURRENT"] = given["MoveToVersionId"]
            self.changed = dt.datetime.now(dt.UTC)
        return {}


def create_secrets_manager(
    *secrets: SimulatedSecret, crash: Crash, api_calls: list[ApiCall] | None = None
) -> Any:
    """Return a boto3 client of Secrets Manager that has these secrets."""
    by_arn = {secret.arn: secret for secret in secrets}

    def on_secret(operation: Callable[[SimulatedSecret, Json], Json]) -> Callable[[Json], Json]:
        return lambda given: operation(by_arn[given["SecretId"]], given)

    operations = {
        "DescribeSecret": on_secret(SimulatedSecret.describe),
        "GetSecretValue": on_secret(SimulatedSecret.get_value),
        "PutSecretValue": on_secret(SimulatedSecret.put_value),
        "UpdateSecretVersionStage": on_secret(SimulatedSecret.update_version_stage),
    }
    return create_client("secretsmanager", operations, crash, api_calls)
