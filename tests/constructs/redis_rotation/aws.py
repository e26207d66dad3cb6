"""Simulated Secrets Manager and ElastiCache, behind boto3's own clients.

The clients check every parameter against the models of AWS. The nodes of the replication group are
real.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import boto3

from tests.constructs.redis_rotation.node import RedisNode
from tools.operations.preflight.api_calls import ApiCall

Json = dict[str, Any]
V0, V1, V2, V3 = (f"version-{number}".ljust(32, "-") for number in range(4))
"""The ids of the secret's versions. They have at least 32 characters."""


class AwsError(Exception):
    """An error response of AWS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CrashError(Exception):
    """The function ended during a call, for example because of a timeout."""


@dataclass
class Crash:
    """Ends the function once at a call: before AWS carries it out, or before the response."""

    operation: str
    done: bool

    def __call__(self, operation: str, *, done: bool) -> None:
        if (operation, done) == (self.operation, self.done):
            self.operation = ""
            raise CrashError(operation)


def _no_crash(operation: str, *, done: bool) -> None:
    pass


@dataclass
class Aws:
    """A secret and a replication group."""

    nodes: Sequence[RedisNode]
    modifying_responses: int = 2
    """The number of responses that show a change of tokens as in progress."""
    crash: Callable[..., None] = _no_crash
    values: dict[str, str] = field(default_factory=lambda: {V0: "first-token-of-the-group"})
    stages: dict[str, str] = field(default_factory=lambda: {"AWSCURRENT": V0})
    changed: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    calls: list[str] = field(default_factory=list)
    api_calls: list[ApiCall] = field(default_factory=list)
    """Every call of the function, as an IAM action."""

    def __post_init__(self) -> None:
        self.tokens = [self.values[V0]]
        self._modifying_responses_left = 0
        self._lock = threading.Lock()
        self._apply()

    def begin_rotation(self, version: str) -> None:
        """Label a version as pending, as Secrets Manager does before the first step."""
        self.stages["AWSPENDING"] = version

    def current(self) -> str:
        """Return the current token, which External Secrets reads."""
        with self._lock:
            return self.values[self.stages["AWSCURRENT"]]

    @cached_property
    def clients(self) -> tuple[Any, Any]:
        """The boto3 clients of Secrets Manager and ElastiCache."""
        return (
            self._client(
                "secretsmanager",
                DescribeSecret=self._describe_secret,
                GetSecretValue=self._get_secret_value,
                PutSecretValue=self._put_secret_value,
                UpdateSecretVersionStage=self._update_secret_version_stage,
            ),
            self._client(
                "elasticache",
                DescribeReplicationGroups=self._describe_replication_groups,
                ModifyReplicationGroup=self._modify_replication_group,
            ),
        )

    # Secrets Manager

    def _describe_secret(self, given: Json) -> Json:
        versions: dict[str, list[str]] = {}
        for stage, version in self.stages.items():
            versions.setdefault(version, []).append(stage)
        return {"VersionIdsToStages": versions, "LastChangedDate": self.changed}

    def _get_secret_value(self, given: Json) -> Json:
        version = given["VersionId"]
        if version not in self.values or self.stages.get(given["VersionStage"]) != version:
            raise AwsError("ResourceNotFoundException", "no such version")
        return {"SecretString": self.values[version], "VersionId": version}

    def _put_secret_value(self, given: Json) -> Json:
        version = given["ClientRequestToken"]
        if version in self.values:
            raise AwsError("ResourceExistsException", "a version keeps its value")
        self.values[version] = given["SecretString"]
        for stage in given["VersionStages"]:
            self.stages[stage] = version
        return {}

    def _update_secret_version_stage(self, given: Json) -> Json:
        assert given["RemoveFromVersionId"] == self.stages[given["VersionStage"]]
        with self._lock:
            self.stages["AWSPREVIOUS"] = self.stages["AWSCURRENT"]
            self.stages["AWSCURRENT"] = given["MoveToVersionId"]
            self.changed = dt.datetime.now(dt.UTC)
        return {}

    # ElastiCache

    def _describe_replication_groups(self, given: Json) -> Json:
        group: Json = {
            "Status": "available",
            "PendingModifiedValues": {},
            "NodeGroups": [
                {
                    "NodeGroupMembers": [
                        {"ReadEndpoint": {"Address": node.address.host, "Port": node.address.port}}
                        for node in self.nodes
                    ]
                }
            ],
        }
        if self._modifying_responses_left:
            self._modifying_responses_left -= 1
            group["Status"] = "modifying"
            if not self._modifying_responses_left:
                self._apply()
        return {"ReplicationGroups": [group]}

    def _modify_replication_group(self, given: Json) -> Json:
        """Apply a strategy as the ElastiCache user guide describes it."""
        token, strategy = given["AuthToken"], given["AuthTokenUpdateStrategy"]
        if self._modifying_responses_left:
            raise AwsError("InvalidReplicationGroupState", "not in available state")
        assert given["ApplyImmediately"]
        if strategy == "ROTATE":
            self.tokens = [self.tokens[-1], token]
        elif len(self.tokens) == 2 and token == self.tokens[-1]:
            self.tokens = [token]
        else:
            raise AwsError("InvalidParameterValue", "SET needs the token of the last ROTATE")
        self.calls.append(strategy)
        self._modifying_responses_left = self.modifying_responses
        return {}

    def _apply(self) -> None:
        for node in self.nodes:
            node.server.set_tokens(self.tokens)

    # boto3

    def _client(self, service: str, **operations: Callable[[Json], Json]) -> Any:
        client = boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - not a secret
        )
        parameters: dict[str, Json] = {}

        def record(params: Json, model: Any, **_: Any) -> None:
            parameters[model.name] = params
            self.api_calls.append(
                ApiCall(f"{model.service_model.signing_name}:{model.name}", dict(params))
            )

        def respond(model: Any, **_: Any) -> tuple[SimpleNamespace, Json]:
            self.crash(model.name, done=False)
            try:
                response = operations[model.name](parameters[model.name])
            except AwsError as error:
                body = {"Error": {"Code": error.code, "Message": str(error)}}
                return SimpleNamespace(status_code=400), body
            self.crash(model.name, done=True)
            return SimpleNamespace(status_code=200), response

        client.meta.events.register("before-parameter-build", record)
        client.meta.events.register("before-call", respond)
        return client
