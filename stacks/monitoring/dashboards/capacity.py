"""The rows of the operations dashboard about capacity: CPU, memory, network and disk."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_rds as rds

from k8s.application import BACKEND, FRONTEND
from k8s.names import NAMESPACE, object_name
from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.monitoring.dashboards.widgets import PERCENT, Row, graph, widget_width
from stacks.monitoring.metrics.service_metrics import (
    container_insights_metrics,
    control_plane_metrics,
    nat_gateway_metrics,
)

_PERIOD = cdk.Duration.minutes(5)
_SERVICES = (BACKEND.name, FRONTEND.name)
_WIDTH = widget_width(4)


def node_rows(
    settings: StageSettings, cluster_name: str, node_group_names: Sequence[str]
) -> list[Row]:
    """Return a row about the nodes, and with Container Insights a row about the pods.

    EC2 measures the CPU, network and disk of a node. Only Container Insights measures its memory.
    Without Container Insights, the number of pods that the scheduler cannot place replaces the
    memory. Pods have no disks of their own.
    """
    has_insights = settings.cluster.container_insights
    nodes: Row = [
        graph(
            "CPU: nodes",
            _node_metrics(node_group_names, "CPUUtilization", statistic="Average"),
            width=_WIDTH,
            axis=PERCENT,
        ),
        _node_memory(cluster_name) if has_insights else _unschedulable_pods(cluster_name),
        graph(
            "Network: nodes",
            _node_metrics(node_group_names, "NetworkIn", "NetworkOut", statistic="Sum"),
            width=_WIDTH,
            unit="bytes in 5 min",
        ),
        graph(
            "Disk I/O: nodes and their pods",
            _node_metrics(node_group_names, "EBSReadBytes", "EBSWriteBytes", statistic="Sum"),
            width=_WIDTH,
            unit="bytes in 5 min",
        ),
    ]
    return [nodes, _pod_row(cluster_name)] if has_insights else [nodes]


def postgresql_row(database: rds.IDatabaseInstance, settings: StageSettings) -> Row:
    """Return a row about the PostgreSQL instance."""

    def average(name: str, label: str) -> cloudwatch.Metric:
        return database.metric(name, statistic="Average", label=label, period=_PERIOD)

    credits_left = database.metric(
        "CPUCreditBalance", statistic="Minimum", label="Credits left", period=_PERIOD
    )
    return [
        graph(
            "CPU: PostgreSQL",
            [database.metric_cpu_utilization(label="Used", period=_PERIOD)],
            width=_WIDTH,
            axis=PERCENT,
            threshold=_percent_threshold(settings.monitoring.thresholds.database_cpu_percent),
            right=[credits_left],
        ),
        graph(
            "Memory: PostgreSQL",
            [database.metric_freeable_memory(label="Free", period=_PERIOD)],
            width=_WIDTH,
            unit="bytes",
            right=[database.metric_database_connections(label="Connections", period=_PERIOD)],
        ),
        graph(
            "Network: PostgreSQL",
            [
                average("NetworkReceiveThroughput", "Received"),
                average("NetworkTransmitThroughput", "Sent"),
            ],
            width=_WIDTH,
            unit="bytes/s",
        ),
        graph(
            "Disk I/O: PostgreSQL",
            [
                database.metric_read_iops(label="Reads", period=_PERIOD),
                database.metric_write_iops(label="Writes", period=_PERIOD),
            ],
            width=_WIDTH,
            unit="operations/s",
            right=[database.metric_free_storage_space(label="Free storage", period=_PERIOD)],
            right_unit="bytes",
        ),
    ]


def redis_row(cache: RedisReplicationGroup, settings: StageSettings) -> Row:
    """Return a row about the Redis nodes, which have evictions in place of disk I/O."""
    thresholds = settings.monitoring.thresholds

    def per_node(name: str, statistic: str, label: str) -> list[cloudwatch.IMetric]:
        return [
            cache.metric(name, node=node, statistic=statistic).with_(
                label=f"{label} {node}", period=_PERIOD
            )
            for node in range(1, cache.nodes + 1)
        ]

    return [
        graph(
            "CPU: Redis",
            per_node("EngineCPUUtilization", "Average", "Node"),
            width=_WIDTH,
            axis=PERCENT,
            threshold=_percent_threshold(thresholds.cache_cpu_percent),
        ),
        graph(
            "Memory: Redis",
            per_node("DatabaseMemoryUsagePercentage", "Average", "Node"),
            width=_WIDTH,
            axis=PERCENT,
            threshold=_percent_threshold(thresholds.cache_memory_percent),
        ),
        graph(
            "Network: Redis",
            [
                *per_node("NetworkBytesIn", "Sum", "Received, node"),
                *per_node("NetworkBytesOut", "Sum", "Sent, node"),
            ],
            width=_WIDTH,
            unit="bytes in 5 min",
        ),
        graph(
            "Evictions and connections: Redis",
            per_node("Evictions", "Sum", "Evicted, node"),
            width=_WIDTH,
            unit="keys in 5 min",
            right=per_node("CurrConnections", "Average", "Connections, node"),
        ),
    ]


def network_row(
    load_balancer: elbv2.IApplicationLoadBalancer, nat_gateway_ids: Sequence[str]
) -> Row:
    """Return a row about the load balancer and the NAT gateways, which AWS scales."""
    metrics = load_balancer.metrics

    def per_gateway(name: str, statistic: str, label: str) -> list[cloudwatch.IMetric]:
        return [
            nat_gateway_metrics(gateway_id).metric(
                name, statistic=statistic, label=f"{label} {number}", period=_PERIOD
            )
            for number, gateway_id in enumerate(nat_gateway_ids, start=1)
        ]

    return [
        graph(
            "Network: load balancer",
            [metrics.processed_bytes(label="Processed", period=_PERIOD)],
            width=_WIDTH,
            unit="bytes in 5 min",
        ),
        graph(
            "Connection errors: load balancer",
            [
                metrics.rejected_connection_count(label="Rejected connections", period=_PERIOD),
                metrics.target_connection_error_count(
                    label="Target connection errors", period=_PERIOD
                ),
            ],
            width=_WIDTH,
            unit="errors in 5 min",
        ),
        graph(
            "Network: NAT gateways",
            [
                *per_gateway("BytesOutToDestination", "Sum", "Out, gateway"),
                *per_gateway("BytesInFromDestination", "Sum", "In, gateway"),
            ],
            width=_WIDTH,
            unit="bytes in 5 min",
        ),
        graph(
            "Connections: NAT gateways",
            per_gateway("ActiveConnectionCount", "Maximum", "Open, gateway"),
            width=_WIDTH,
            unit="connections",
            right=[
                *per_gateway("ErrorPortAllocation", "Sum", "Port errors, gateway"),
                *per_gateway("PacketsDropCount", "Sum", "Dropped, gateway"),
            ],
        ),
    ]


def _node_metrics(
    node_group_names: Sequence[str], *metric_names: str, statistic: str
) -> list[cloudwatch.IMetric]:
    """Return EC2's metrics of the node groups' Auto Scaling groups.

    EKS names an Auto Scaling group `eks-<node group>-<uuid>`, so no template knows the name. The
    last word of a node group's name is unique in the account. A search for that word in the names
    of Auto Scaling groups finds one group ("CloudWatch search expression syntax").
    """
    words = [name.rpartition("-")[2] for name in node_group_names]
    return [
        cloudwatch.MathExpression(
            expression=f"SEARCH('{{AWS/EC2,AutoScalingGroupName}} "
            f'MetricName="{name}" AutoScalingGroupName={word}\', '
            f"'{statistic}', {_PERIOD.to_seconds():g})",
            using_metrics={},
            label=f"{name}, group {number}" if len(words) > 1 else name,
            period=_PERIOD,
        )
        for number, word in enumerate(words, start=1)
        for name in metric_names
    ]


def _node_memory(cluster_name: str) -> cloudwatch.GraphWidget:
    cluster = container_insights_metrics(cluster_name)
    return graph(
        "Memory: nodes",
        [
            cluster.metric(
                "node_memory_utilization", statistic=statistic, label=label, period=_PERIOD
            )
            for statistic, label in (("Average", "Average"), ("Maximum", "Highest"))
        ],
        width=_WIDTH,
        axis=PERCENT,
    )


def _unschedulable_pods(cluster_name: str) -> cloudwatch.GraphWidget:
    pods = control_plane_metrics(cluster_name).metric(
        "scheduler_pending_pods_UNSCHEDULABLE",
        statistic="Maximum",
        label="Unschedulable",
        period=_PERIOD,
    )
    return graph("Memory: unschedulable pods", [pods], width=_WIDTH, unit="pods")


def _pod_row(cluster_name: str) -> Row:
    def per_service(
        name: str,
        *,
        statistic: str = "Average",
        dimension: str = "Service",
        label_suffix: str = "",
    ) -> list[cloudwatch.IMetric]:
        return [
            container_insights_metrics(
                cluster_name, {"Namespace": NAMESPACE, dimension: object_name(service)}
            ).metric(name, statistic=statistic, label=f"{service}{label_suffix}", period=_PERIOD)
            for service in _SERVICES
        ]

    return [
        graph(
            "CPU: pods, % of limit",
            per_service("pod_cpu_utilization_over_pod_limit"),
            width=_WIDTH,
            axis=PERCENT,
        ),
        graph(
            "Memory: pods, % of limit",
            per_service("pod_memory_utilization_over_pod_limit"),
            width=_WIDTH,
            axis=PERCENT,
        ),
        graph(
            "Network: pods",
            [
                *per_service("pod_network_rx_bytes", label_suffix=", in"),
                *per_service("pod_network_tx_bytes", label_suffix=", out"),
            ],
            width=_WIDTH,
            unit="bytes/s",
        ),
        graph(
            "Restarts: pods",
            per_service("pod_number_of_container_restarts", statistic="Sum", dimension="PodName"),
            width=_WIDTH,
            unit="restarts",
        ),
    ]


def _percent_threshold(percent: float) -> tuple[float, str]:
    return percent, f"Alarm at {percent:g} %"
