"""Settings of Redis on ElastiCache."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from settings.base import Settings
from settings.field_types import RetentionDays, one_of
from settings.instances import CACHE_NODE_TYPES

_MAX_IDLE_TIMEOUT_SECONDS = 2_147_483_647


def _check_idle_timeout(seconds: int) -> int:
    if seconds != 0 and not 20 <= seconds <= _MAX_IDLE_TIMEOUT_SECONDS:
        raise ValueError(f"0, or 20 to {_MAX_IDLE_TIMEOUT_SECONDS}")
    return seconds


class CacheSettings(Settings):
    """An ElastiCache replication group with one shard."""

    engine_version: Literal["7.0", "7.1"] = "7.0"
    """The minor version of Redis. Only a change of this setting upgrades it, and ElastiCache
    installs its patches. ElastiCache creates these two versions of Redis 7, and has announced no
    end of support for them (2026-11-23). The default is the design's."""
    node_type: Annotated[str, one_of(CACHE_NODE_TYPES)]
    """The node type of the primary and of each replica."""
    nodes: int = Field(ge=1, le=6)
    """The primary and its replicas. From 2 on, the nodes are in different Availability Zones."""
    automatic_failover: bool = True
    """Whether a replica takes over when the primary fails. A change between one node and more takes
    two deployments, and this is false in between (docs/runbooks/vertical-scaling.md)."""
    snapshot_retention_days: int = Field(5, ge=0, le=35)
    """How many days ElastiCache keeps the daily snapshots. With 0, it takes none."""
    idle_timeout_seconds: Annotated[int, AfterValidator(_check_idle_timeout)] = 300
    """Redis closes connections that are idle for this long (`timeout`). With 0, it closes none.
    ElastiCache takes no other value below 20 ("Redis OSS parameters", ElastiCache User Guide)."""
    log_retention_days: RetentionDays = 30
    """How long CloudWatch keeps the slow log and the engine log of Redis."""

    @property
    def fails_over(self) -> bool:
        """Whether a replica exists and takes over when the primary fails."""
        return self.automatic_failover and self.nodes > 1
