"""Alarms on PostgreSQL: availability, replication and capacity."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from settings.instances import DATABASE_CLASSES
from spywatcher_constructs.postgres import replica_identifier
from stacks.shared.alarm_factory import (
    MINUTE,
    AlarmDescription,
    AlarmFactory,
    WarningGroup,
)
from stacks.shared.names import instance_identifier

_MIB = 1024**2
_GIB = 1024**3


class DatabaseAlarms:
    """The alarms on the active generation of PostgreSQL and on its read replicas.

    The alarms identify the instances by name. A reference would import an export of the data stack,
    and CloudFormation refuses to change an export while another stack imports it: the next switch
    to another generation would fail.
    """

    def __init__(self, factory: AlarmFactory) -> None:
        """Create the alarms, with the thresholds of the factory's settings."""
        self._factory = factory
        self._settings = factory.settings.database
        self._thresholds = factory.settings.monitoring.thresholds
        self._instance_class = DATABASE_CLASSES[self._settings.instance_class]
        self._primary = instance_identifier(factory.settings, self._settings.active_generation)
        self._replicas = {
            number: replica_identifier(self._primary, number)
            for number in range(1, self._settings.read_replicas + 1)
        }
        self.unavailable = self._unavailable()
        self.replication = [
            self._replica_lag(number, identifier) for number, identifier in self._replicas.items()
        ]
        self.warnings = [
            self._cpu(),
            self._memory(),
            self._connections(),
            self._storage(),
            self._throttling(),
            *self._cpu_credits(),
        ]

    def _unavailable(self) -> cloudwatch.Alarm:
        return self._factory.create_alarm(
            "database-unavailable",
            self._metric("DatabaseConnections", self._primary, "SampleCount"),
            ComparisonOperator.LESS_THAN_THRESHOLD,
            1,
            description=AlarmDescription(
                runbook_section="database-unavailable",
                summary="PostgreSQL has reported no metrics for three minutes. The application "
                "cannot read or write data.",
                first_check="aws rds describe-events --duration 60 --source-type db-instance "
                f"--source-identifier {self._primary}",
            ),
            evaluation_periods=3,
            # An instance reports this metric only while it is available.
            treat_missing_data=TreatMissingData.BREACHING,
        )

    def _replica_lag(self, number: int, identifier: str) -> cloudwatch.Alarm:
        seconds = self._thresholds.replica_lag_seconds
        return self._factory.create_alarm(
            f"database-replica-{number}-replication",
            self._metric("ReplicaLag", identifier, "Maximum"),
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            seconds,
            description=AlarmDescription(
                runbook_section="database-replication",
                summary=f"Read replica {number} is more than {seconds} s behind its primary, or "
                "reports no metrics. Reads from it return old data.",
                first_check=f"aws rds describe-db-instances --db-instance-identifier {identifier}",
            ),
            evaluation_periods=5,
            # A replica reports this metric as long as it replicates.
            treat_missing_data=TreatMissingData.BREACHING,
        )

    def _cpu(self) -> WarningGroup:
        return self._create_warning(
            "cpu",
            "CPUUtilization",
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            self._thresholds.database_cpu_percent,
            summary="PostgreSQL has little CPU time left. Queries become slower.",
            first_check="The top statements in CloudWatch Database Insights",
            evaluation_periods=15,
        )

    def _memory(self) -> WarningGroup:
        percent = self._thresholds.database_free_memory_percent
        return self._create_warning(
            "memory",
            "FreeableMemory",
            ComparisonOperator.LESS_THAN_THRESHOLD,
            self._instance_class.memory_mib * _MIB * percent / 100,
            summary=f"Less than {percent:g} % of "
            "PostgreSQL's memory is free. It reads more from disk, and restarts if it runs out of "
            "memory.",
            first_check="The connections and the top statements in CloudWatch Database Insights",
            evaluation_periods=15,
        )

    def _connections(self) -> WarningGroup:
        percent = self._thresholds.database_connections_percent
        maximum = self._instance_class.max_connections
        return self._create_warning(
            "connections",
            "DatabaseConnections",
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            round(maximum * percent / 100),
            summary=f"More than {percent:g} % of the {maximum} connections are in use. If none is "
            "left, pods cannot connect.",
            first_check="SELECT state, count(*) FROM pg_stat_activity GROUP BY state",
            evaluation_periods=5,
        )

    def _storage(self) -> WarningGroup:
        """Warn when little storage is free.

        The threshold is a percentage of the initial storage, because RDS has no metric of the
        storage that it has allocated since.
        """
        initial_gib, maximum_gib = self._settings.storage_gib, self._settings.max_storage_gib
        if maximum_gib is None:
            percent = self._thresholds.database_free_storage_percent
            summary = (
                f"Less than {percent:g} % of PostgreSQL's storage of {initial_gib} GiB is free. "
                "PostgreSQL stops when no storage is left."
            )
        else:
            percent = self._thresholds.database_free_growing_storage_percent
            summary = (
                f"PostgreSQL's free storage is less than {percent:g} % of its initial "
                f"{initial_gib} GiB. RDS grows the storage to at most {maximum_gib} GiB. The "
                "storage has reached that limit, or it fills faster than it grows."
            )
        return self._create_warning(
            "storage",
            "FreeStorageSpace",
            ComparisonOperator.LESS_THAN_THRESHOLD,
            initial_gib * _GIB * percent / 100,
            summary=summary,
            first_check="SELECT relname, pg_total_relation_size(oid) FROM pg_class "
            "ORDER BY 2 DESC LIMIT 10",
            evaluation_periods=5,
        )

    def _throttling(self) -> WarningGroup:
        return self._create_warning(
            "throttled",
            "EBSIOBalance%",
            ComparisonOperator.LESS_THAN_THRESHOLD,
            self._thresholds.database_io_balance_percent,
            summary="PostgreSQL has nearly used up the disk burst of its instance class. After "
            "that, AWS throttles reads and writes.",
            first_check="ReadIOPS, WriteIOPS and DiskQueueDepth of the instance",
            evaluation_periods=15,
        )

    def _cpu_credits(self) -> Iterator[WarningGroup]:
        """Yield a warning for a burstable instance class; other classes have no CPU credits."""
        max_credits = self._instance_class.max_credits
        if max_credits is not None:
            yield self._create_warning(
                "credits",
                "CPUCreditBalance",
                ComparisonOperator.LESS_THAN_THRESHOLD,
                max_credits * self._thresholds.database_credits_percent / 100,
                summary="The burstable instance class of PostgreSQL has few CPU credits left. "
                "Without credits it is not slower, but each vCPU hour costs extra.",
                first_check="CPUSurplusCreditsCharged and CPUUtilization of the instance",
                evaluation_periods=15,
            )

    def _create_warning(
        self,
        name: str,
        metric_name: str,
        comparison_operator: ComparisonOperator,
        threshold: float,
        *,
        summary: str,
        first_check: str,
        evaluation_periods: int,
    ) -> WarningGroup:
        """Create an alarm on the primary and on each replica, and group them as one warning."""
        description = AlarmDescription(
            runbook_section=f"database-{name}", summary=summary, first_check=first_check
        )
        identifiers = {f"database-{name}": self._primary} | {
            f"database-replica-{number}-{name}": identifier
            for number, identifier in self._replicas.items()
        }
        return WarningGroup(
            description=description,
            alarms=[
                self._factory.create_alarm(
                    alarm_name,
                    self._metric(metric_name, identifier, "Average"),
                    comparison_operator,
                    threshold,
                    description=description,
                    evaluation_periods=evaluation_periods,
                    # The alarms on availability and replication observe missing data.
                    treat_missing_data=TreatMissingData.NOT_BREACHING,
                )
                for alarm_name, identifier in identifiers.items()
            ],
        )

    def _metric(self, name: str, identifier: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/RDS",
            metric_name=name,
            dimensions_map={"DBInstanceIdentifier": identifier},
            statistic=statistic,
            period=MINUTE,
        )
