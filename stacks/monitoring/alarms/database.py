"""PostgreSQL: does it answer, is it copied, and what is it short of."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from settings.instances import DATABASE_CLASSES
from spywatcher_constructs.postgres import replica_identifier
from stacks.shared.alarm_factory import (
    ABOVE,
    BELOW,
    MINUTE,
    Advice,
    AlarmFactory,
    Missing,
    WarningGroup,
)
from stacks.shared.names import instance_identifier

_MIB = 1024**2
_GIB = 1024**3


class DatabaseAlarms:
    """The alarms on the active generation of PostgreSQL and its read replicas.

    They name the instances by text. A reference to the data stack would be in the way of the next
    switch of generations.
    """

    def __init__(self, make: AlarmFactory) -> None:
        """Make the alarms of the stage's settings."""
        self._make = make
        self._settings = make.settings.database
        self._thresholds = make.settings.monitoring.thresholds
        self._class = DATABASE_CLASSES[self._settings.instance_class]
        primary = instance_identifier(make.settings, self._settings.active_generation)
        self._primary = primary
        self._replicas = [
            replica_identifier(primary, number)
            for number in range(1, self._settings.read_replicas + 1)
        ]
        self.unavailable = self._unavailable()
        self.replication = [
            self._replication(number, name) for number, name in enumerate(self._replicas, start=1)
        ]
        self.warnings = list(self._warnings())

    def _metric(self, name: str, instance: str, statistic: str = "Average") -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/RDS",
            metric_name=name,
            dimensions_map={"DBInstanceIdentifier": instance},
            statistic=statistic,
            period=MINUTE,
        )

    def _unavailable(self) -> cloudwatch.Alarm:
        """Watch that it reports: an instance that is not available reports nothing."""
        return self._make.alarm(
            "database-unavailable",
            self._metric("DatabaseConnections", self._primary, "SampleCount"),
            BELOW,
            1,
            advice=Advice(
                section="database-unavailable",
                means="PostgreSQL has reported nothing for three minutes: the application cannot "
                "read or write.",
                look_at="aws rds describe-events --duration 60 --source-type db-instance "
                f"--source-identifier {self._primary}",
            ),
            periods=3,
            missing=Missing.IS_BAD,
        )

    def _replication(self, number: int, instance: str) -> cloudwatch.Alarm:
        seconds = self._thresholds.replica_lag_seconds
        return self._make.alarm(
            f"database-replica-{number}-replication",
            self._metric("ReplicaLag", instance, "Maximum"),
            ABOVE,
            seconds,
            advice=Advice(
                section="database-replication",
                means=f"Read replica {number} is over {seconds} s behind, or reports nothing: "
                "what reads from it sees old data.",
                look_at=f"aws rds describe-db-instances --db-instance-identifier {instance}",
            ),
            periods=5,
            missing=Missing.IS_BAD,
        )

    def _warnings(self) -> Iterator[WarningGroup]:
        thresholds, instance_class = self._thresholds, self._class
        yield self._warn(
            "cpu", "CPUUtilization", ABOVE, thresholds.database_cpu_percent,
            "PostgreSQL has little processor time left: queries get slower.",
            "the top statements in CloudWatch Database Insights", periods=15,
        )  # fmt: skip
        yield self._warn(
            "memory", "FreeableMemory", BELOW,
            instance_class.memory_mib * _MIB * thresholds.database_free_memory_percent / 100,
            f"Less than {thresholds.database_free_memory_percent:g} % of PostgreSQL's memory is "
            "free: it reads more from disk, and may be restarted for want of memory.",
            "connections and the top statements in CloudWatch Database Insights", periods=15,
        )  # fmt: skip
        connections = instance_class.max_connections * thresholds.database_connections_percent / 100
        yield self._warn(
            "connections", "DatabaseConnections", ABOVE, round(connections),
            f"Over {thresholds.database_connections_percent:g} % of the "
            f"{instance_class.max_connections} connections are taken; without any left, pods "
            "cannot connect.",
            "SELECT state, count(*) FROM pg_stat_activity GROUP BY state", periods=5,
        )  # fmt: skip
        yield self._storage()
        yield self._warn(
            "throttled", "EBSIOBalance%", BELOW, thresholds.database_io_balance_percent,
            "PostgreSQL has nearly used up what its class may burst to its disk: reads and writes "
            "will be held back.",
            "ReadIOPS, WriteIOPS and DiskQueueDepth of the instance", periods=15,
        )  # fmt: skip
        if instance_class.max_credits is not None:
            yield self._warn(
                "credits", "CPUCreditBalance", BELOW,
                instance_class.max_credits * thresholds.database_credits_percent / 100,
                "PostgreSQL's class of the T family has few CPU credits left. It is not slowed "
                "down, but from zero on each vCPU hour costs extra.",
                "CPUSurplusCreditsCharged and CPUUtilization of the instance", periods=15,
            )  # fmt: skip

    def _storage(self) -> WarningGroup:
        """Compare what is free with the first storage. RDS does not say what it has allocated."""
        first, maximum = self._settings.storage_gib, self._settings.max_storage_gib
        if maximum is None:
            percent = self._thresholds.database_free_storage_percent
            means = (
                f"Less than {percent:g} % of PostgreSQL's {first} GiB are free. At zero it stops."
            )
        else:
            percent = self._thresholds.database_free_growing_storage_percent
            means = (
                f"PostgreSQL has less free than {percent:g} % of its first {first} GiB, though RDS "
                f"grows its storage to {maximum} GiB: it is at that end, or fills faster."
            )
        return self._warn(
            "storage", "FreeStorageSpace", BELOW, first * _GIB * percent / 100, means,
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class ORDER BY 2 DESC LIMIT 10",
            periods=5,
        )  # fmt: skip

    def _warn(
        self,
        kind: str,
        metric: str,
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        means: str,
        look_at: str,
        *,
        periods: int,
    ) -> WarningGroup:
        """Watch the primary and each replica. That they report at all, others watch."""
        advice = Advice(section=f"database-{kind}", means=means, look_at=look_at)
        instances = {f"database-{kind}": self._primary} | {
            f"database-replica-{number}-{kind}": name
            for number, name in enumerate(self._replicas, start=1)
        }
        return WarningGroup(
            advice=advice,
            alarms=[
                self._make.alarm(
                    name,
                    self._metric(metric, instance),
                    comparison,
                    threshold,
                    advice=advice,
                    periods=periods,
                    missing=Missing.IS_FINE,
                )
                for name, instance in instances.items()
            ],
        )
