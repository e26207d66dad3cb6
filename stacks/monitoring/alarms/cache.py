"""Redis: does it answer, is it copied, and what is it short of. Each node reports for itself."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from settings.instances import CACHE_MAX_CONNECTIONS, CACHE_NODE_TYPES
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.shared.alarm_factory import (
    ABOVE,
    BELOW,
    MINUTE,
    Advice,
    AlarmFactory,
    Missing,
    WarningGroup,
)

_DESCRIBE = "aws elasticache describe-events --duration 60 --source-type replication-group"


class CacheAlarms:
    """The alarms on the nodes of Redis."""

    def __init__(self, make: AlarmFactory, cache: RedisReplicationGroup) -> None:
        """Make the alarms.

        Args:
            make: makes them.
            cache: whose nodes they watch.
        """
        self._make = make
        self._cache = cache
        self._nodes = range(1, cache.nodes + 1)
        self._thresholds = make.settings.monitoring.thresholds
        self._type = CACHE_NODE_TYPES[make.settings.cache.node_type]
        self.unavailable = [self._unavailable(node) for node in self._nodes]
        """One a node. Redis is unavailable when all of them go off."""
        self.replication: list[cloudwatch.Alarm] = []
        """What says that a failover would lose data: a node lags, or is not there."""
        if cache.nodes > 1:
            self.replication = [self._replication(node) for node in self._nodes]
            self.replication += self.unavailable
        self.warnings = list(self._warnings())

    def _metric(self, name: str, node: int, statistic: str = "Average") -> cloudwatch.Metric:
        return self._cache.metric(name, node=node, statistic=statistic).with_(period=MINUTE)

    def _unavailable(self, node: int) -> cloudwatch.Alarm:
        return self._make.alarm(
            f"cache-{node}-unavailable",
            self._metric("CurrConnections", node, "SampleCount"),
            BELOW,
            1,
            advice=Advice(
                section="cache-unavailable",
                means=f"Redis node {node} has reported nothing for three minutes. Without any "
                "node there are no sessions and no rate limits.",
                look_at=f"{_DESCRIBE} --source-identifier {self._cache.name}",
            ),
            periods=3,
            missing=Missing.IS_BAD,
        )

    def _replication(self, node: int) -> cloudwatch.Alarm:
        """Watch a node's lag. The primary of the moment reports none, so a gap means nothing."""
        seconds = self._thresholds.cache_lag_seconds
        return self._make.alarm(
            f"cache-{node}-replication",
            self._metric("ReplicationLag", node, "Maximum"),
            ABOVE,
            seconds,
            advice=Advice(
                section="cache-replication",
                means=f"Redis node {node} is over {seconds} s behind its primary: a failover "
                "now would lose what was written since.",
                look_at=f"{_DESCRIBE} --source-identifier {self._cache.name}",
            ),
            periods=5,
            missing=Missing.IS_FINE,
        )

    def _warnings(self) -> Iterator[WarningGroup]:
        thresholds = self._thresholds
        yield self._warn(
            "cpu", "EngineCPUUtilization", thresholds.cache_cpu_percent,
            "Redis has little time left on its one processor: every command waits.",
            "the slow log in CloudWatch Logs", periods=15,
        )  # fmt: skip
        yield self._warn(
            "memory", "DatabaseMemoryUsagePercentage", thresholds.cache_memory_percent,
            "Redis is nearly full: it will evict keys.",
            "BytesUsedForCache and CurrItems of the nodes", periods=15,
        )  # fmt: skip
        yield self._warn(
            "connections", "CurrConnections",
            CACHE_MAX_CONNECTIONS * thresholds.cache_connections_percent / 100,
            f"Over {thresholds.cache_connections_percent:g} % of the {CACHE_MAX_CONNECTIONS} "
            "connections that a node takes are open: clients leave them behind.",
            "NewConnections of the nodes beside the number of pods", periods=5,
        )  # fmt: skip
        yield self._warn(
            "evictions", "Evictions", thresholds.cache_evictions_per_minute,
            "Redis throws keys away for want of memory: sessions end early.",
            "DatabaseMemoryUsagePercentage of the nodes", periods=5, statistic="Sum",
        )  # fmt: skip
        yield self._warn(
            "throttled", "NetworkBandwidthOutAllowanceExceeded", 0,
            "A Redis node answers more than its type may send: AWS holds its packets back.",
            "NetworkBytesOut of the nodes, and large values in the slow log",
            periods=5, statistic="Sum",
        )  # fmt: skip
        if self._type.max_credits is not None:
            yield self._warn(
                "credits", "CPUCreditBalance",
                self._type.max_credits * thresholds.cache_credits_percent / 100,
                "A Redis node of the T family has few CPU credits left.",
                "CPUUtilization of the nodes", periods=15, comparison=BELOW,
            )  # fmt: skip

    def _warn(
        self,
        kind: str,
        metric: str,
        threshold: float,
        means: str,
        look_at: str,
        *,
        periods: int,
        statistic: str = "Average",
        comparison: cloudwatch.ComparisonOperator = ABOVE,
    ) -> WarningGroup:
        """Watch every node. That they report at all, `cache-unavailable` watches."""
        advice = Advice(section=f"cache-{kind}", means=means, look_at=look_at)
        return WarningGroup(
            advice=advice,
            alarms=[
                self._make.alarm(
                    f"cache-{node}-{kind}",
                    self._metric(metric, node, statistic),
                    comparison,
                    threshold,
                    advice=advice,
                    periods=periods,
                    missing=Missing.IS_FINE,
                )
                for node in self._nodes
            ],
        )
