"""Simulated Secrets Manager and ElastiCache. The nodes of the replication group are real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.constructs.redis_rotation.node import RedisNode
from tests.simulators.boto3_client import AwsError, Crash, Json, create_client
from tests.simulators.secrets_manager_simulator import SimulatedSecret, create_secrets_manager
from tools.operations.preflight.api_calls import ApiCall

SECRET_ARN = "arn:secret"  # noqa: S105  not a secret


@dataclass
class Aws:
    """A secret and a replication group."""

    nodes: Sequence[RedisNode]
    modifying_responses: int = 2
    """The number of responses that show a change of tokens as in progress."""
    secret: SimulatedSecret = field(
        default_factory=lambda: SimulatedSecret(SECRET_ARN, "first-token-of-the-group")
    )
    crash: Crash = field(default_factory=Crash)
    calls: list[str] = field(default_factory=list)
    api_calls: list[ApiCall] = field(default_factory=list)
    """Every call of the function, as an IAM action."""

    def __post_init__(self) -> None:
        self.tokens = [self.secret.first_value]
        self._modifying_responses_left = 0
        self._apply()

    @cached_property
    def clients(self) -> tuple[Any, Any]:
        """The boto3 clients of Secrets Manager and ElastiCache."""
        elasticache = {
            "DescribeReplicationGroups": self._describe_replication_groups,
            "ModifyReplicationGroup": self._modify_replication_group,
        }
        return (
            create_secrets_manager(self.secret, crash=self.crash, api_calls=self.api_calls),
            create_client("elasticache", elasticache, self.crash, self.api_calls),
        )

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
