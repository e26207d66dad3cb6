"""Data store settings: PostgreSQL and Redis."""

import datetime as dt
import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, model_validator

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


def _moment(value: object) -> object:
    """Read a time with its zone; YAML may have read it already."""
    if value is None or value == "latest":
        return value
    try:
        time = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        time = dt.datetime.min
    if time.tzinfo is None:
        raise ValueError("latest, or a time with its zone such as 2026-11-23T08:30:00Z")
    return time.astimezone(dt.UTC)


Moment: TypeAlias = Annotated[dt.datetime | Literal["latest"] | None, PlainValidator(_moment)]


class GenerationSettings(Settings):
    """One instance of the database. A recovery makes the next generation beside the one in place.

    Where an instance came from stays in the settings for as long as it lives: CloudFormation
    would otherwise put an empty one in its place (docs/runbooks/restore-database.md).
    """

    number: int = Field(ge=1, le=99)
    """From 2 on it is part of the instance's name: spywatcher-production-g2."""
    restore_from_snapshot: str | None = Field(None, min_length=1)
    """A snapshot's name, or its ARN."""
    restore_to_time: Moment = None
    """A point in time of the source's backups, or `latest`."""
    restore_source_resource_id: str | None = Field(None, pattern=r"^db-[A-Z0-9]+$")
    """Whose backups `restore_to_time` takes. AWS names an instance so for ever, also when it is
    gone; `aws rds describe-db-instances` shows it as DbiResourceId."""
    restore_source_backups_arn: str | None = Field(
        None, pattern=r"^arn:aws[\w-]*:rds:.+:auto-backup:"
    )
    """Instead: the automated backups that were copied from another region."""
    admin_password_from_secret: bool = False
    """Gives a restored instance the administrator's password of today. True once it is there:
    CloudFormation takes a password for an update, not for a restore."""
    retiring: bool = False
    """Lifts the deletion protection, so that the next change may remove the instance, which
    leaves a final snapshot."""

    @property
    def is_restored(self) -> bool:
        """Whether it began with the data of another one."""
        return self.restore_from_snapshot is not None or self.restore_to_time is not None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.restore_from_snapshot is not None and self.restore_to_time is not None:
            reject(
                "restore_to_time", self.restore_to_time,
                f"one origin: this or restore_from_snapshot, {self.restore_from_snapshot}",
            )  # fmt: skip
        if not self.is_restored and self.number > 1:
            reject(
                "number", self.number,
                "1, or one with restore_to_time or restore_from_snapshot: it would be empty",
            )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = {
            key: value
            for key in ("restore_source_resource_id", "restore_source_backups_arn")
            if (value := getattr(self, key)) is not None
        }
        if self.restore_to_time is None:
            for key, value in sources.items():
                reject(key, value, "only with restore_to_time")
        elif len(sources) != 1:
            reject(
                "restore_to_time", self.restore_to_time,
                "only with restore_source_resource_id, or instead restore_source_backups_arn",
            )  # fmt: skip
        if self.admin_password_from_secret and not self.is_restored:
            reject("admin_password_from_secret", True, "only where the instance is restored")
        return self


class SecondRegionSettings(Settings):
    """Where RDS copies the automated backups to: snapshots, and the log every few minutes."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    kms_key_arn: str = Field(pattern=r"^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key/")
    """A key of that region; this stage's cannot be used there."""
    retention_days: int = Field(7, ge=1, le=35)

    @model_validator(mode="after")
    def _key_of_the_region(self) -> Self:
        if self.kms_key_arn.split(":")[3] != self.region:
            reject("kms_key_arn", self.kms_key_arn, f"a key of {self.region}")
        return self


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
    """Backups and the log, from which any moment of these days can be restored."""
    performance_insights: bool = True
    """CloudWatch Database Insights, standard mode: kept for seven days, which costs nothing."""
    enhanced_monitoring_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = 60
    """How often the operating system is measured; 0 is never. Billed as CloudWatch Logs."""
    slow_query_milliseconds: int = Field(1000, ge=1)
    """A query that takes longer is logged."""
    log_retention_days: RetentionDays = 30
    read_replicas: int = Field(0, ge=0, le=15)
    """Copies to read from, each with its own endpoint; each costs what the instance costs."""
    second_region: SecondRegionSettings | None = None
    """Left out, backups stay in the stage's region, and are lost with it."""
    generations: tuple[GenerationSettings, ...] = (GenerationSettings(number=1),)
    active_generation: int = Field(1, ge=1)
    """The generation that the application uses."""

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

    @model_validator(mode="after")
    def _backups_for_what_needs_them(self) -> Self:
        needs = {"read_replicas": self.read_replicas, "second_region": self.second_region}
        for key, value in needs.items():
            if value and not self.backup_retention_days:
                reject(key, value, "only with backup_retention_days of 1 or more")
        return self

    @model_validator(mode="after")
    def _generations_fit(self) -> Self:
        numbers = [generation.number for generation in self.generations]
        if len(set(numbers)) != len(numbers):
            reject("generations", numbers, "different numbers")
        if self.active_generation not in numbers:
            reject("active_generation", self.active_generation, f"one of generations, {numbers}")
        for index, generation in enumerate(self.generations):
            if generation.retiring and generation.number == self.active_generation:
                reject(f"generations.{index}.retiring", True, "false for the active generation")
        return self

    @model_validator(mode="after")
    def _restorable(self) -> Self:
        """Check the times. Of an instance that was restored already, the time is history."""
        now = dt.datetime.now(dt.UTC)
        for index, generation in enumerate(self.generations):
            time, key = generation.restore_to_time, f"generations.{index}.restore_to_time"
            if not isinstance(time, dt.datetime):
                continue
            if time > now:
                reject(key, time, f"a time in the past; now is {now:%Y-%m-%dT%H:%M:%SZ}")
            earliest = now - dt.timedelta(days=self.backup_retention_days)
            known = generation.restore_source_backups_arn is None
            if known and generation.number > self.active_generation and time < earliest:
                reject(
                    key, time,
                    f"within the backups' {self.backup_retention_days} days, since "
                    f"{earliest:%Y-%m-%dT%H:%M:%SZ}",
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
