"""Data store settings: PostgreSQL and Redis."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject
from settings.instances import CACHE_NODE_TYPES, DATABASE_CLASSES
from settings.retention import RetentionDays


def _database_class(value: str) -> str:
    if value not in DATABASE_CLASSES:
        raise ValueError(f"one of {', '.join(DATABASE_CLASSES)}")
    return value


def _cache_node_type(value: str) -> str:
    if value not in CACHE_NODE_TYPES:
        raise ValueError(f"one of {', '.join(CACHE_NODE_TYPES)}")
    return value


class DatabaseSettings(Settings):
    """RDS for PostgreSQL."""

    engine_version: str = Field("15", pattern=r"^\d+(\.\d+)?$")
    """A major version lets the maintenance window patch; a pinned minor one asks for
    `auto_minor_version_upgrade: false`, or a patched instance would be downgraded.
    """
    auto_minor_version_upgrade: bool = True
    instance_class: Annotated[str, AfterValidator(_database_class)]
    multi_az: bool
    storage_gib: int = Field(ge=20, le=65536)
    max_storage_gib: int | None = Field(None, ge=20, le=65536)
    """Storage autoscaling stops here; left out, storage does not grow."""
    backup_retention_days: int = Field(7, ge=0, le=35)
    performance_insights: bool = True
    """Kept for seven days, which costs nothing; longer would."""
    log_retention_days: RetentionDays = 30

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.max_storage_gib is not None and self.max_storage_gib <= self.storage_gib:
            reject("max_storage_gib", self.max_storage_gib, f"over storage_gib, {self.storage_gib}")
        if re.search(r"\.", self.engine_version) and self.auto_minor_version_upgrade:
            reject(
                "engine_version", self.engine_version,
                f"the major version {self.engine_version.split('.')[0]}, or this one together with "
                "auto_minor_version_upgrade: false",
            )  # fmt: skip
        return self


class CacheSettings(Settings):
    """ElastiCache for Redis: one shard, with or without replicas."""

    engine_version: Literal["7.0", "7.1"] = "7.0"
    node_type: Annotated[str, AfterValidator(_cache_node_type)]
    nodes: int = Field(ge=1, le=6)
    """The primary and its replicas; two or more fail over by themselves, over zones."""
    snapshot_retention_days: int = Field(5, ge=0, le=35)
    idle_timeout_seconds: int = Field(300, ge=0)
    log_retention_days: RetentionDays = 30
