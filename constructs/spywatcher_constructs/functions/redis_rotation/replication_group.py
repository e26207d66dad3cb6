"""The AUTH tokens of a replication group.

What ElastiCache documents ("Authenticating with the AUTH command"): ROTATE adds a token to the
last one and drops an older one, so that two are valid; SET, after a ROTATE and with its token,
leaves that one alone. Each takes minutes, in which the group refuses other changes.
"""

import ssl
import time
from collections.abc import Callable
from typing import Any

from . import redis


class NotYetError(Exception):
    """The group was still at work when the time was up; another attempt goes on from here."""


class ReplicationGroup:
    """One replication group, over ElastiCache's API and over Redis' own port."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        name: str,
        *,
        tls: ssl.SSLContext,
        seconds_left: Callable[[], float],
        pause_seconds: float = 5.0,
    ) -> None:
        """Take what is needed to reach it.

        Args:
            client: boto3's client of ElastiCache.
            name: the group's id.
            tls: says which certificates to trust.
            seconds_left: how long waiting may go on.
            pause_seconds: between two looks.
        """
        self._client = client
        self._name = name
        self._tls = tls
        self._seconds_left = seconds_left
        self._pause_seconds = pause_seconds

    def takes(self, token: str) -> bool:
        """Whether every node takes this token: after a failover any of them is the primary."""
        return all(self._answers(token))

    def still_takes(self, token: str) -> bool:
        """Whether any node takes this token."""
        return any(self._answers(token))

    def add(self, token: str) -> None:
        """Make the token valid beside the last one, and wait until every node takes it.

        Raises:
            NotYetError: that took too long.
        """
        self._modify(token, "ROTATE")
        self._wait(lambda: self.is_available() and self.takes(token))

    def keep_only(self, token: str) -> None:
        """Make the last token, this one, the only one, and wait until that is done.

        Raises:
            NotYetError: that took too long.
        """
        self._modify(token, "SET")
        self.wait()

    def wait(self) -> None:
        """Wait until the group takes changes.

        Raises:
            NotYetError: that took too long.
        """
        self._wait(self.is_available)

    def is_available(self) -> bool:
        """Whether no change is under way."""
        group = self._describe()
        changing = group.get("PendingModifiedValues", {}).get("AuthTokenStatus")
        return group["Status"] == "available" and changing is None

    def _answers(self, token: str) -> list[bool]:
        nodes = [
            redis.Node(member["ReadEndpoint"]["Address"], member["ReadEndpoint"]["Port"])
            for shard in self._describe()["NodeGroups"]
            for member in shard["NodeGroupMembers"]
        ]
        return [redis.takes(node, token, self._tls) for node in nodes]

    def _describe(self) -> dict[str, Any]:
        answer = self._client.describe_replication_groups(ReplicationGroupId=self._name)
        group: dict[str, Any] = answer["ReplicationGroups"][0]
        return group

    def _modify(self, token: str, strategy: str) -> None:
        self.wait()
        self._client.modify_replication_group(
            ReplicationGroupId=self._name,
            AuthToken=token,
            AuthTokenUpdateStrategy=strategy,
            ApplyImmediately=True,
        )

    def _wait(self, done: Callable[[], bool]) -> None:
        while not done():
            if self._seconds_left() <= self._pause_seconds:
                raise NotYetError(f"{self._name} is still changing; another attempt goes on")
            time.sleep(self._pause_seconds)
