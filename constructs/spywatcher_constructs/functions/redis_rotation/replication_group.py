"""Changes the AUTH tokens of a replication group.

ElastiCache has two strategies to change a token ("Authenticating with the AUTH command"). ROTATE
adds a token to the most recent one and removes any older one, so that two tokens are valid. SET,
with the token of the last ROTATE, leaves this token as the only one. Each takes minutes, in which
ElastiCache refuses other changes of the group.
"""

import ssl
import time
from collections.abc import Callable
from typing import Any

from . import redis


class StillModifyingError(Exception):
    """The function's time ended before the change of the group. The next attempt continues."""


class ReplicationGroup:
    """A replication group, which ElastiCache's API changes and whose nodes check tokens."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        group_id: str,
        *,
        tls: ssl.SSLContext,
        remaining_seconds: Callable[[], float],
        poll_seconds: float = 5.0,
    ) -> None:
        """Store how to reach the group.

        Args:
            client: The boto3 client of ElastiCache.
            group_id: The identifier of the replication group.
            tls: The certificates that connections to the nodes trust.
            remaining_seconds: Returns the time that is left for waiting.
            poll_seconds: The interval at which the status of the group is read.
        """
        self._client = client
        self._group_id = group_id
        self._tls = tls
        self._remaining_seconds = remaining_seconds
        self._poll_seconds = poll_seconds

    def every_node_accepts(self, token: str) -> bool:
        """Return whether every node accepts the token. After a failover, any is the primary."""
        return all(self._check_nodes(token))

    def any_node_accepts(self, token: str) -> bool:
        """Return whether at least one node accepts the token."""
        return any(self._check_nodes(token))

    def add_token(self, token: str) -> None:
        """Make the token valid in addition to the most recent one, and wait for every node.

        Raises:
            StillModifyingError: The time ended before.
        """
        self._modify(token, "ROTATE")
        self._wait_until(lambda: self.is_available() and self.every_node_accepts(token))

    def keep_only_token(self, token: str) -> None:
        """Make the most recent token, which is this one, the only one, and wait for the change.

        Raises:
            StillModifyingError: The time ended before.
        """
        self._modify(token, "SET")
        self.wait_until_available()

    def wait_until_available(self) -> None:
        """Wait until ElastiCache accepts changes of the group.

        Raises:
            StillModifyingError: The time ended before.
        """
        self._wait_until(self.is_available)

    def is_available(self) -> bool:
        """Return whether no change of the group is in progress."""
        group = self._describe()
        token_change = group.get("PendingModifiedValues", {}).get("AuthTokenStatus")
        return group["Status"] == "available" and token_change is None

    def _check_nodes(self, token: str) -> list[bool]:
        nodes = [
            redis.Node(member["ReadEndpoint"]["Address"], member["ReadEndpoint"]["Port"])
            for shard in self._describe()["NodeGroups"]
            for member in shard["NodeGroupMembers"]
        ]
        return [redis.accepts_token(node, token, self._tls) for node in nodes]

    def _describe(self) -> dict[str, Any]:
        response = self._client.describe_replication_groups(ReplicationGroupId=self._group_id)
        group: dict[str, Any] = response["ReplicationGroups"][0]
        return group

    def _modify(self, token: str, strategy: str) -> None:
        self.wait_until_available()
        self._client.modify_replication_group(
            ReplicationGroupId=self._group_id,
            AuthToken=token,
            AuthTokenUpdateStrategy=strategy,
            ApplyImmediately=True,
        )

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self._remaining_seconds() <= self._poll_seconds:
                raise StillModifyingError(
                    f"{self._group_id} is still changing; the next attempt continues"
                )
            time.sleep(self._poll_seconds)
