"""Is it full? The resources of a stage, a row each: processor, memory, network, disk."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_rds as rds

from k8s.application import BACKEND, FRONTEND
from k8s.names import NAMESPACE, object_name
from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.monitoring.dashboards.widgets import PERCENT, graph, row

Row = list[cloudwatch.IWidget]
_PERIOD = cdk.Duration.minutes(5)
_SERVICES = (BACKEND.name, FRONTEND.name)


def node_rows(
    settings: StageSettings, cluster_name: str, node_group_names: Sequence[str]
) -> list[Row]:
    """Return the nodes, and the pods on them.

    EC2 measures a node's processor, network and disk. Memory, and what a single pod takes, are
    known to Container Insights alone: without it, what the scheduler finds no room for stands in.
    Pods have no disks but their nodes'.
    """
    nodes = _Nodes(node_group_names)
    width = row(4)
    insights = settings.cluster.container_insights
    rows: list[Row] = [
        [
            graph("CPU: nodes", nodes.each("CPUUtilization"), width=width, axis=PERCENT),
            _node_memory(cluster_name, width) if insights else _waiting_pods(cluster_name, width),
            graph(
                "Network: nodes",
                nodes.each("NetworkIn", "NetworkOut", statistic="Sum"),
                width=width,
                unit="bytes in 5 min",
            ),
            graph(
                "Disk I/O: nodes and their pods",
                nodes.each("EBSReadBytes", "EBSWriteBytes", statistic="Sum"),
                width=width,
                unit="bytes in 5 min",
            ),
        ]
    ]
    if insights:
        rows.append(_pods(cluster_name))
    return rows


def postgresql_row(database: rds.IDatabaseInstance, settings: StageSettings) -> Row:
    """Return PostgreSQL's instance."""
    width = row(4)
    threshold = settings.monitoring.thresholds.database_cpu_percent
    return [
        graph(
            "CPU: PostgreSQL",
            [database.metric_cpu_utilization(label="Used", period=_PERIOD)],
            width=width,
            axis=PERCENT,
            threshold=(threshold, f"Alarm at {threshold:g} %"),
            right=[
                database.metric(
                    "CPUCreditBalance", statistic="Minimum", label="Credits left", period=_PERIOD
                )
            ],
            right_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        ),
        graph(
            "Memory: PostgreSQL, free",
            [database.metric_freeable_memory(label="Free", period=_PERIOD)],
            width=width,
            unit="bytes",
            right=[database.metric_database_connections(label="Connections", period=_PERIOD)],
            right_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        ),
        graph(
            "Network: PostgreSQL",
            [
                database.metric(name, statistic="Average", label=label, period=_PERIOD)
                for name, label in (
                    ("NetworkReceiveThroughput", "Received"),
                    ("NetworkTransmitThroughput", "Sent"),
                )
            ],
            width=width,
            unit="bytes/s",
        ),
        graph(
            "Disk I/O: PostgreSQL",
            [
                database.metric_read_iops(label="Reads", period=_PERIOD),
                database.metric_write_iops(label="Writes", period=_PERIOD),
            ],
            width=width,
            unit="operations/s",
            right=[database.metric_free_storage_space(label="Free storage", period=_PERIOD)],
            right_axis=cloudwatch.YAxisProps(min=0, label="bytes", show_units=False),
        ),
    ]


def redis_row(cache: RedisReplicationGroup, settings: StageSettings) -> Row:
    """Return Redis' nodes. It keeps everything in memory: in place of a disk, what it evicts."""
    width = row(4)
    thresholds = settings.monitoring.thresholds

    def each(name: str, statistic: str = "Average", label: str = "") -> list[cloudwatch.IMetric]:
        return [
            cache.metric(name, node=node, statistic=statistic).with_(
                label=f"{label} {node}".strip() if label else f"Node {node}", period=_PERIOD
            )
            for node in range(1, cache.nodes + 1)
        ]

    return [
        graph(
            "CPU: Redis",
            each("EngineCPUUtilization"),
            width=width,
            axis=PERCENT,
            threshold=(
                thresholds.cache_cpu_percent,
                f"Alarm at {thresholds.cache_cpu_percent:g} %",
            ),
        ),
        graph(
            "Memory: Redis",
            each("DatabaseMemoryUsagePercentage"),
            width=width,
            axis=PERCENT,
            threshold=(
                thresholds.cache_memory_percent,
                f"Alarm at {thresholds.cache_memory_percent:g} %",
            ),
        ),
        graph(
            "Network: Redis",
            [
                *each("NetworkBytesIn", "Sum", "Received, node"),
                *each("NetworkBytesOut", "Sum", "Sent, node"),
            ],
            width=width,
            unit="bytes in 5 min",
        ),
        graph(
            "Evicted keys and connections: Redis",
            each("Evictions", "Sum", "Evicted, node"),
            width=width,
            unit="keys in 5 min",
            right=each("CurrConnections", "Average", "Connections, node"),
            right_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        ),
    ]


def edge_row(load_balancer: elbv2.IApplicationLoadBalancer, nat_gateway_ids: Sequence[str]) -> Row:
    """Return the load balancer and the NAT gateways, which AWS scales: what they pass, and drop."""
    width = row(4)

    def each(name: str, label: str, statistic: str = "Sum") -> list[cloudwatch.IMetric]:
        return [
            nat_metric(gateway, name, statistic=statistic, label=f"{label} {number}")
            for number, gateway in enumerate(nat_gateway_ids, start=1)
        ]

    return [
        graph(
            "Network: load balancer",
            [load_balancer.metrics.processed_bytes(label="Processed", period=_PERIOD)],
            width=width,
            unit="bytes in 5 min",
        ),
        graph(
            "Refused connections: load balancer",
            [
                load_balancer.metrics.rejected_connection_count(label="Rejected", period=_PERIOD),
                load_balancer.metrics.target_connection_error_count(
                    label="To pods failed", period=_PERIOD
                ),
            ],
            width=width,
            unit="in 5 min",
        ),
        graph(
            "Network: NAT gateways",
            [*each("BytesOutToDestination", "Out,"), *each("BytesInFromDestination", "In,")],
            width=width,
            unit="bytes in 5 min",
        ),
        graph(
            "Connections: NAT gateways",
            each("ActiveConnectionCount", "Open,", "Maximum"),
            width=width,
            unit="connections",
            right=[*each("ErrorPortAllocation", "No port,"), *each("PacketsDropCount", "Dropped,")],
            right_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        ),
    ]


def nat_metric(
    gateway_id: str, name: str, *, statistic: str, label: str, period: cdk.Duration = _PERIOD
) -> cloudwatch.Metric:
    """Return a metric of a NAT gateway: the library has no method for one."""
    return cloudwatch.Metric(
        namespace="AWS/NATGateway",
        metric_name=name,
        dimensions_map={"NatGatewayId": gateway_id},
        statistic=statistic,
        label=label,
        period=period,
    )


def control_plane_metric(
    cluster_name: str, name: str, *, statistic: str, label: str
) -> cloudwatch.Metric:
    """Return a metric that EKS publishes of every cluster, at no charge."""
    return cloudwatch.Metric(
        namespace="AWS/EKS",
        metric_name=name,
        dimensions_map={"ClusterName": cluster_name},
        statistic=statistic,
        label=label,
        period=_PERIOD,
    )


def insights_metric(
    cluster_name: str,
    name: str,
    *,
    statistic: str,
    label: str,
    dimensions: dict[str, str] | None = None,
) -> cloudwatch.Metric:
    """Return a metric of Container Insights."""
    return cloudwatch.Metric(
        namespace="ContainerInsights",
        metric_name=name,
        dimensions_map={"ClusterName": cluster_name, **(dimensions or {})},
        statistic=statistic,
        label=label,
        period=_PERIOD,
    )


class _Nodes:
    """EC2's metrics of the node groups' Auto Scaling groups.

    EKS names those `eks-<node group>-<uuid>`, which no template knows. The last word of a node
    group's name is CloudFormation's, and is found nowhere else: a search for it as a word of the
    Auto Scaling group's name ("CloudWatch search expression syntax") leads to the one group.
    """

    def __init__(self, node_group_names: Sequence[str]) -> None:
        self._words = [cdk.Fn.select(1, cdk.Fn.split("-", name)) for name in node_group_names]

    def each(self, *names: str, statistic: str = "Average") -> list[cloudwatch.IMetric]:
        return [
            cloudwatch.MathExpression(
                expression=f"SEARCH('{{AWS/EC2,AutoScalingGroupName}} "
                f'MetricName="{name}" AutoScalingGroupName={word}\', '
                f"'{statistic}', {_PERIOD.to_seconds():g})",
                using_metrics={},
                label=f"{name}, group {number}" if len(self._words) > 1 else name,
                period=_PERIOD,
            )
            for number, word in enumerate(self._words, start=1)
            for name in names
        ]


def _node_memory(cluster_name: str, width: int) -> cloudwatch.GraphWidget:
    return graph(
        "Memory: nodes",
        [
            insights_metric(
                cluster_name, "node_memory_utilization", statistic=statistic, label=label
            )
            for statistic, label in (("Average", "All nodes"), ("Maximum", "The fullest"))
        ],
        width=width,
        axis=PERCENT,
    )


def _waiting_pods(cluster_name: str, width: int) -> cloudwatch.GraphWidget:
    return graph(
        "Memory: pods that find no room",
        [
            control_plane_metric(
                cluster_name,
                "scheduler_pending_pods_UNSCHEDULABLE",
                statistic="Maximum",
                label="Unschedulable",
            )
        ],
        width=width,
        unit="pods",
    )


def _pods(cluster_name: str) -> Row:
    width = row(4)

    def each(
        name: str, statistic: str = "Average", counted_by: str = "Service"
    ) -> list[cloudwatch.IMetric]:
        return [
            insights_metric(
                cluster_name,
                name,
                statistic=statistic,
                label=service,
                dimensions={"Namespace": NAMESPACE, counted_by: object_name(service)},
            )
            for service in _SERVICES
        ]

    return [
        graph(
            "CPU: pods, of their limit",
            each("pod_cpu_utilization_over_pod_limit"),
            width=width,
            axis=PERCENT,
        ),
        graph(
            "Memory: pods, of their limit",
            each("pod_memory_utilization_over_pod_limit"),
            width=width,
            axis=PERCENT,
        ),
        graph(
            "Network: pods",
            [
                metric.with_(label=f"{metric.label}, {way}")
                for way, name in (("in", "pod_network_rx_bytes"), ("out", "pod_network_tx_bytes"))
                for metric in each(name)
                if isinstance(metric, cloudwatch.Metric)
            ],
            width=width,
            unit="bytes/s",
        ),
        graph(
            "Restarts: pods",
            each("pod_number_of_container_restarts", "Sum", "PodName"),
            width=width,
            unit="restarts",
        ),
    ]
