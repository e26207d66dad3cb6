"""Alarms on Redis: availability, replication and capacity. Each node has its own metrics."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from settings.instances import CACHE_MAX_CONNECTIONS, CACHE_NODE_TYPES
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.shared.alarm_factory import (
    MINUTE,
    AlarmDescription,
    AlarmFactory,
    WarningGroup,
)


class CacheAlarms:
    """The alarms on the nodes of the Redis replication group."""

    def __init__(self, factory: AlarmFactory, cache: RedisReplicationGroup) -> None:
        """Create the alarms, with the thresholds of the factory's settings."""
        self._factory = factory
        self._cache = cache
        self._nodes = range(1, cache.nodes + 1)
        self._thresholds = factory.settings.monitoring.thresholds
        self._describe_events = (
            "aws elasticache describe-events --duration 60 --source-type replication-group "
            f"--source-identifier {cache.name}"
        )
        self.unavailable = [self._unavailable(node) for node in self._nodes]
        """One alarm for each node. Redis is unavailable when all of them are in ALARM."""
        self.replication: list[cloudwatch.Alarm] = []
        """Alarms that mean a failover would lose data: a node lags behind or is unavailable."""
        if cache.nodes > 1:
            self.replication = [self._replication_lag(node) for node in self._nodes]
            self.replication += self.unavailable
        self.warnings = [
            self._cpu(),
            self._memory(),
            self._connections(),
            self._evictions(),
            self._throttling(),
            *self._cpu_credits(),
        ]

    def _unavailable(self, node: int) -> cloudwatch.Alarm:
        return self._factory.create_alarm(
            f"cache-{node}-unavailable",
            self._metric("CurrConnections", node, "SampleCount"),
            ComparisonOperator.LESS_THAN_THRESHOLD,
            1,
            description=AlarmDescription(
                runbook_section="cache-unavailable",
                summary=f"Redis node {node} has reported no metrics for three minutes. Without any "
                "node, there are no sessions and no rate limits.",
                first_check=self._describe_events,
            ),
            evaluation_periods=3,
            # A node reports this metric as long as it runs.
            treat_missing_data=TreatMissingData.BREACHING,
        )

    def _replication_lag(self, node: int) -> cloudwatch.Alarm:
        seconds = self._thresholds.cache_lag_seconds
        return self._factory.create_alarm(
            f"cache-{node}-replication",
            self._metric("ReplicationLag", node, "Maximum"),
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            seconds,
            description=AlarmDescription(
                runbook_section="cache-replication",
                summary=f"Redis node {node} is more than {seconds} s behind its primary. A "
                "failover now would lose the latest writes.",
                first_check=self._describe_events,
            ),
            evaluation_periods=5,
            # The node that is the primary does not report this metric.
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )

    def _cpu(self) -> WarningGroup:
        return self._create_warning(
            "cpu",
            "EngineCPUUtilization",
            self._thresholds.cache_cpu_percent,
            summary="The engine thread of Redis has little CPU time left. Every command waits.",
            first_check="The slow log in CloudWatch Logs",
            evaluation_periods=15,
        )

    def _memory(self) -> WarningGroup:
        return self._create_warning(
            "memory",
            "DatabaseMemoryUsagePercentage",
            self._thresholds.cache_memory_percent,
            summary="Redis has little memory left. It will evict keys.",
            first_check="BytesUsedForCache and CurrItems of the nodes",
            evaluation_periods=15,
        )

    def _connections(self) -> WarningGroup:
        percent = self._thresholds.cache_connections_percent
        return self._create_warning(
            "connections",
            "CurrConnections",
            CACHE_MAX_CONNECTIONS * percent / 100,
            summary=f"More than {percent:g} % of the {CACHE_MAX_CONNECTIONS} connections of a "
            "Redis node are open. Clients may not close their connections.",
            first_check="NewConnections of the nodes, and the number of pods",
            evaluation_periods=5,
        )

    def _evictions(self) -> WarningGroup:
        return self._create_warning(
            "evictions",
            "Evictions",
            self._thresholds.cache_evictions_per_minute,
            statistic="Sum",
            summary="Redis evicts keys, because it is out of memory. Sessions end early.",
            first_check="DatabaseMemoryUsagePercentage of the nodes",
            evaluation_periods=5,
        )

    def _throttling(self) -> WarningGroup:
        return self._create_warning(
            "throttled",
            "NetworkBandwidthOutAllowanceExceeded",
            0,
            statistic="Sum",
            summary="A Redis node sends more than its node type allows. AWS queues or drops "
            "packets.",
            first_check="NetworkBytesOut of the nodes, and large values in the slow log",
            evaluation_periods=5,
        )

    def _cpu_credits(self) -> Iterator[WarningGroup]:
        """Yield a warning for a burstable node type; other types have no CPU credits."""
        max_credits = CACHE_NODE_TYPES[self._factory.settings.cache.node_type].max_credits
        if max_credits is not None:
            yield self._create_warning(
                "credits",
                "CPUCreditBalance",
                max_credits * self._thresholds.cache_credits_percent / 100,
                comparison_operator=ComparisonOperator.LESS_THAN_THRESHOLD,
                summary="A Redis node with a burstable node type has few CPU credits left.",
                first_check="CPUUtilization of the nodes",
                evaluation_periods=15,
            )

    def _create_warning(
        self,
        name: str,
        metric_name: str,
        threshold: float,
        *,
        comparison_operator: ComparisonOperator = ComparisonOperator.GREATER_THAN_THRESHOLD,
        statistic: str = "Average",
        summary: str,
        first_check: str,
        evaluation_periods: int,
    ) -> WarningGroup:
        """Create an alarm on each node, and group them as one warning."""
        description = AlarmDescription(
            runbook_section=f"cache-{name}", summary=summary, first_check=first_check
        )
        return WarningGroup(
            description=description,
            alarms=[
                self._factory.create_alarm(
                    f"cache-{node}-{name}",
                    self._metric(metric_name, node, statistic),
                    comparison_operator,
                    threshold,
                    description=description,
                    evaluation_periods=evaluation_periods,
                    # The `unavailable` alarms observe whether a node reports at all.
                    treat_missing_data=TreatMissingData.NOT_BREACHING,
                )
                for node in self._nodes
            ],
        )

    def _metric(self, name: str, node: int, statistic: str) -> cloudwatch.Metric:
        return self._cache.metric(name, node=node, statistic=statistic).with_(period=MINUTE)
