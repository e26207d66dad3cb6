"""Secrets Manager and ElastiCache as far as a rotation sees them, behind boto3's own clients.

The clients check every parameter against AWS's models. The replication group's nodes are real.
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

from tests.constructs.redis_rotation.server import Server

Answers = dict[str, Any]
V0, V1, V2, V3 = (f"version-{number}".ljust(32, "-") for number in range(4))
"""Ids of the secret's versions, which have 32 characters at least."""


class RefusedError(Exception):
    """An error that AWS answers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CrashError(Exception):
    """The function ended in the middle, as at a timeout or a lost connection."""


@dataclass
class Crash:
    """Ends the function at one call, once: before AWS did it, or before the answer arrived."""

    operation: str
    done: bool

    def __call__(self, operation: str, *, done: bool) -> None:
        if (operation, done) == (self.operation, self.done):
            self.operation = "none any more"
            raise CrashError(operation)


def _never(operation: str, *, done: bool) -> None:
    pass


@dataclass
class Aws:
    """One secret and one replication group."""

    nodes: Sequence[Server]
    changing_looks: int = 2
    """How often a change of tokens is still seen as under way."""
    crash: Callable[..., None] = _never
    values: dict[str, str] = field(default_factory=lambda: {V0: "first-token-of-the-group"})
    stages: dict[str, str] = field(default_factory=lambda: {"AWSCURRENT": V0})
    changed: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tokens = [self.values[V0]]
        self._looks_left = 0
        self._lock = threading.Lock()
        self._apply()

    def begin_rotation(self, version: str) -> None:
        """Do what Secrets Manager does before the first step."""
        self.stages["AWSPENDING"] = version

    def current(self) -> str:
        """Return what External Secrets reads."""
        with self._lock:
            return self.values[self.stages["AWSCURRENT"]]

    @cached_property
    def clients(self) -> tuple[Any, Any]:
        """Return boto3's clients of Secrets Manager and of ElastiCache."""
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

    def _describe_secret(self, given: Answers) -> Answers:
        versions: dict[str, list[str]] = {}
        for stage, version in self.stages.items():
            versions.setdefault(version, []).append(stage)
        return {"VersionIdsToStages": versions, "LastChangedDate": self.changed}

    def _get_secret_value(self, given: Answers) -> Answers:
        version = given["VersionId"]
        if version not in self.values or self.stages.get(given["VersionStage"]) != version:
            raise RefusedError("ResourceNotFoundException", "no such version")
        return {"SecretString": self.values[version], "VersionId": version}

    def _put_secret_value(self, given: Answers) -> Answers:
        version = given["ClientRequestToken"]
        if version in self.values:
            raise RefusedError("ResourceExistsException", "a version keeps its value")
        self.values[version] = given["SecretString"]
        for stage in given["VersionStages"]:
            self.stages[stage] = version
        return {}

    def _update_secret_version_stage(self, given: Answers) -> Answers:
        assert given["RemoveFromVersionId"] == self.stages[given["VersionStage"]]
        with self._lock:
            self.stages["AWSPREVIOUS"] = self.stages["AWSCURRENT"]
            self.stages["AWSCURRENT"] = given["MoveToVersionId"]
            self.changed = dt.datetime.now(dt.UTC)
        return {}

    # ElastiCache

    def _describe_replication_groups(self, given: Answers) -> Answers:
        group: Answers = {
            "Status": "available",
            "PendingModifiedValues": {},
            "NodeGroups": [
                {
                    "NodeGroupMembers": [
                        {"ReadEndpoint": {"Address": each.node.host, "Port": each.node.port}}
                        for each in self.nodes
                    ]
                }
            ],
        }
        if self._looks_left:
            self._looks_left -= 1
            group["Status"] = "modifying"
            if not self._looks_left:
                self._apply()
        return {"ReplicationGroups": [group]}

    def _modify_replication_group(self, given: Answers) -> Answers:
        """Do what the user guide says of both strategies."""
        token, strategy = given["AuthToken"], given["AuthTokenUpdateStrategy"]
        if self._looks_left:
            raise RefusedError("InvalidReplicationGroupState", "not in available state")
        assert given["ApplyImmediately"]
        if strategy == "ROTATE":
            self.tokens = [self.tokens[-1], token]
        elif len(self.tokens) == 2 and token == self.tokens[-1]:
            self.tokens = [token]
        else:
            raise RefusedError("InvalidParameterValue", "SET is for the last token of a ROTATE")
        self.calls.append(strategy)
        self._looks_left = self.changing_looks
        return {}

    def _apply(self) -> None:
        for node in self.nodes:
            node.set_tokens(*self.tokens)

    # boto3

    def _client(self, service: str, **operations: Callable[[Answers], Answers]) -> Any:
        client = boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id="nobody",
            aws_secret_access_key="nothing",  # noqa: S106  nobody's
        )
        given: dict[str, Answers] = {}

        def remember(params: Answers, model: Any, **_: Any) -> None:
            given[model.name] = params

        def answer(model: Any, **_: Any) -> tuple[SimpleNamespace, Answers]:
            self.crash(model.name, done=False)
            try:
                answered = operations[model.name](given[model.name])
            except RefusedError as error:
                refusal = {"Error": {"Code": error.code, "Message": str(error)}}
                return SimpleNamespace(status_code=400), refusal
            self.crash(model.name, done=True)
            return SimpleNamespace(status_code=200), answered

        client.meta.events.register("before-parameter-build", remember)
        client.meta.events.register("before-call", answer)
        return client
