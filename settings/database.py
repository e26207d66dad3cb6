"""Settings of PostgreSQL on RDS: the instance, its backups, and instances that are restored."""

import datetime as dt
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, PlainValidator, model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import Region, RetentionDays, matching, one_of
from settings.instances import DATABASE_CLASSES


def _parse_restore_time(value: object) -> object:
    """Return a time in UTC; YAML already returns a datetime for most notations."""
    if value is None or value == "latest":
        return value
    try:
        time = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        time = dt.datetime.min
    if time.tzinfo is None:
        raise ValueError("latest, or a time with its zone such as 2026-11-23T08:30:00Z")
    return time.astimezone(dt.UTC)


RestoreTime: TypeAlias = Annotated[
    dt.datetime | Literal["latest"] | None, PlainValidator(_parse_restore_time)
]


class GenerationSettings(Settings):
    """One instance of the database, and the backup that it was restored from.

    A recovery adds a generation: a new instance beside the present one. The origin of an instance
    stays in the settings as long as the instance exists. Without it, CloudFormation would replace
    the instance by an empty one (docs/runbooks/restore-database.md).
    """

    number: int = Field(ge=1, le=99)
    """From 2 on, the number is part of the instance's name, as in spywatcher-production-g2."""
    restore_from_snapshot: (
        Annotated[
            str,
            matching(
                r"(arn:aws:rds:[a-z0-9-]+:\d{12}:snapshot:)?([a-z]+:)?[A-Za-z](-?[A-Za-z0-9])*",
                "the name or the ARN of a snapshot, such as before-the-incident",
            ),
        ]
        | None
    ) = None
    """The name or the ARN of the snapshot that RDS restores. The names of automated snapshots begin
    with `rds:`, those of AWS Backup with `awsbackup:` ("CreateDBSnapshot", RDS API Reference)."""
    restore_to_time: RestoreTime = None
    """The time to which RDS restores automated backups, or `latest`."""
    restore_source_resource_id: (
        Annotated[str, matching(r"db-[A-Z0-9]+", "a DbiResourceId, such as db-ABCDEFGHIJKL")] | None
    ) = None
    """The instance whose automated backups `restore_to_time` uses, as the DbiResourceId of
    `aws rds describe-db-instances`. It is valid after the instance is deleted, too."""
    restore_source_backups_arn: (
        Annotated[
            str,
            matching(
                r"arn:aws:rds:[a-z0-9-]+:\d{12}:auto-backup:\S+",
                "an ARN such as arn:aws:rds:us-west-2:111122223333:auto-backup:ab-0123456789abcdef",
            ),
        ]
        | None
    ) = None
    """The automated backups that `restore_to_time` uses instead, copied from another Region."""
    admin_password_from_secret: bool = False
    """Whether a restored instance takes the administrator's password from Secrets Manager. Set it
    once the instance exists: CloudFormation sets no password during a restore."""
    retiring: bool = False
    """Whether the instance loses its deletion protection, so that a later deployment can delete
    it. In a protected stage, RDS then takes a final snapshot."""

    @property
    def is_restored(self) -> bool:
        """Return whether the instance was restored from a backup."""
        return self.restore_from_snapshot is not None or self.restore_to_time is not None

    @model_validator(mode="after")
    def _check_origin(self) -> Self:
        if self.restore_from_snapshot is not None and self.restore_to_time is not None:
            raise invalid_setting(
                "restore_to_time",
                self.restore_to_time,
                f"one origin: this or restore_from_snapshot, {self.restore_from_snapshot}",
            )
        if not self.is_restored and self.number > 1:
            raise invalid_setting(
                "number",
                self.number,
                "1, or one with restore_to_time or restore_from_snapshot: it would be empty",
            )
        if not self.is_restored and self.admin_password_from_secret:
            raise invalid_setting(
                "admin_password_from_secret", True, "only where the instance is restored"
            )
        return self

    @model_validator(mode="after")
    def _check_source_of_backups(self) -> Self:
        sources = {
            key: value
            for key in ("restore_source_resource_id", "restore_source_backups_arn")
            if (value := getattr(self, key)) is not None
        }
        if self.restore_to_time is None:
            for key, value in sources.items():
                raise invalid_setting(key, value, "only with restore_to_time")
        elif len(sources) != 1:
            raise invalid_setting(
                "restore_to_time",
                self.restore_to_time,
                "only with restore_source_resource_id, or instead restore_source_backups_arn",
            )
        return self


class SecondRegionSettings(Settings):
    """The Region that RDS copies automated backups to: snapshots and transaction logs."""

    region: Region
    """Another Region than the stage's."""
    kms_key_arn: Annotated[
        str,
        matching(
            r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
            "the ARN of a key, such as arn:aws:kms:us-west-2:111122223333:key/1234abcd-...",
        ),
    ]
    """A key of that Region, which encrypts the copies. A key of the stage is of its own Region."""
    retention_days: int = Field(7, ge=1, le=35)
    """How many days RDS keeps the copies."""

    @model_validator(mode="after")
    def _check_region_of_key(self) -> Self:
        if self.kms_key_arn.split(":")[3] != self.region:
            raise invalid_setting("kms_key_arn", self.kms_key_arn, f"a key of {self.region}")
        return self


class DatabaseSettings(Settings):
    """RDS for PostgreSQL."""

    engine_version: Annotated[
        str,
        matching(r"\d+(\.\d+)?", "a version such as '15' or '15.17'"),
    ] = "15"
    """A major version, of which RDS creates its default minor version and patches it in the
    maintenance window. A minor version needs `auto_minor_version_upgrade: false`: the template
    would otherwise downgrade a patched instance, which RDS refuses."""
    auto_minor_version_upgrade: bool = True
    """Whether RDS upgrades the minor version in the maintenance window."""
    instance_class: Annotated[str, one_of(DATABASE_CLASSES)]
    """The instance class. A change interrupts all connections while RDS restarts the instance."""
    multi_az: bool
    """Whether a standby in another Availability Zone takes over within 60 seconds, the design's
    recovery time. It doubles the price of the instance and its storage."""
    storage_gib: int = Field(ge=20, le=65536)
    """The storage that the instance starts with. RDS grows it by 10 percent or more at a time, and
    never shrinks it ("Increasing DB instance storage capacity", Amazon RDS User Guide)."""
    max_storage_gib: int | None = Field(None, ge=20, le=65536)
    """The size up to which RDS grows the storage. By default the storage does not grow, and
    PostgreSQL stops when it is full. RDS keeps the limit of an instance whose setting is removed:
    the resource handler of CloudFormation sends no limit (Translator.modifyDbInstanceRequest of
    aws-cloudformation-resource-providers-rds)."""
    backup_retention_days: int = Field(7, ge=0, le=35)
    """How many days RDS keeps automated backups, from which it restores any time of these days.
    The default is the design's. With 0, there are no backups."""
    performance_insights: bool = True
    """Whether CloudWatch Database Insights records the load. The standard mode keeps it for seven
    days, free of charge."""
    enhanced_monitoring_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = 60
    """The interval of the operating system metrics, or 0 for none. CloudWatch bills them as logs,
    so that a shorter interval costs more."""
    slow_query_milliseconds: int = Field(1000, ge=1, le=2_147_483_647)
    """PostgreSQL logs the statements that take longer (`log_min_duration_statement`, whose highest
    value this is in pg_settings of PostgreSQL 15)."""
    log_retention_days: RetentionDays = 30
    """How long CloudWatch keeps the logs of PostgreSQL."""
    read_replicas: int = Field(0, ge=0, le=15)
    """The number of read replicas, each with its own endpoint and the price of an instance."""
    second_region: SecondRegionSettings | None = None
    """By default, backups exist in the Region of the stage only, and are lost with it."""
    generations: tuple[GenerationSettings, ...] = (GenerationSettings(number=1),)
    """The instances of the database. There are two while one is restored."""
    active_generation: int = Field(1, ge=1)
    """The number of the generation that the application uses."""

    @model_validator(mode="after")
    def _check_storage(self) -> Self:
        """Check the limit, which RDS refuses as "Invalid max storage size" if it is too low.

        Source: "Managing capacity automatically with Amazon RDS storage autoscaling", Amazon RDS
        User Guide.
        """
        lowest = -(-self.storage_gib * 11 // 10)
        if self.max_storage_gib is not None and self.max_storage_gib < lowest:
            raise invalid_setting(
                "max_storage_gib",
                self.max_storage_gib,
                f"at least {lowest}, which is 10 percent over storage_gib, {self.storage_gib}",
            )
        return self

    @model_validator(mode="after")
    def _check_minor_version(self) -> Self:
        major, _, minor = self.engine_version.partition(".")
        if minor and self.auto_minor_version_upgrade:
            raise invalid_setting(
                "engine_version",
                self.engine_version,
                f"the major version {major}, or this one together with "
                "auto_minor_version_upgrade: false",
            )
        return self

    @model_validator(mode="after")
    def _check_backups_exist(self) -> Self:
        dependents = {"read_replicas": self.read_replicas, "second_region": self.second_region}
        for key, value in dependents.items():
            if value and not self.backup_retention_days:
                raise invalid_setting(key, value, "only with backup_retention_days of 1 or more")
        return self

    @model_validator(mode="after")
    def _check_generations(self) -> Self:
        numbers = [generation.number for generation in self.generations]
        if len(set(numbers)) != len(numbers):
            raise invalid_setting("generations", numbers, "different numbers")
        if self.active_generation not in numbers:
            raise invalid_setting(
                "active_generation", self.active_generation, f"one of generations, {numbers}"
            )
        for index, generation in enumerate(self.generations):
            if generation.retiring and generation.number == self.active_generation:
                raise invalid_setting(
                    f"generations.{index}.retiring", True, "false for the active generation"
                )
        return self

    @model_validator(mode="after")
    def _check_restore_times(self) -> Self:
        """Check the restore times, of which RDS has backups only within the retention days.

        An active instance has been restored, and keeps its time in the settings. The retention of
        backups from another Region is not known here.
        """
        now = dt.datetime.now(dt.UTC)
        for index, generation in enumerate(self.generations):
            time, key = generation.restore_to_time, f"generations.{index}.restore_to_time"
            if not isinstance(time, dt.datetime):
                continue
            if time > now:
                raise invalid_setting(
                    key, time, f"a time in the past; now is {now:%Y-%m-%dT%H:%M:%SZ}"
                )
            earliest = now - dt.timedelta(days=self.backup_retention_days)
            is_pending = generation.number > self.active_generation
            is_own_backup = generation.restore_source_backups_arn is None
            if is_pending and is_own_backup and time < earliest:
                raise invalid_setting(
                    key,
                    time,
                    f"within the backups' {self.backup_retention_days} days, since "
                    f"{earliest:%Y-%m-%dT%H:%M:%SZ}",
                )
        return self
