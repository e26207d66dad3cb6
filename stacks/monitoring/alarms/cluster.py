"""The cluster: are there nodes, do pods start, and what are nodes short of.

Container Insights tells most of it. A stage without it still sees pods that find no node, which EKS
reports of every cluster, and what the load balancer knows (availability.py).
"""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.shared.alarm_factory import (
    ABOVE,
    AT_LEAST,
    BELOW,
    MINUTE,
    Advice,
    AlarmFactory,
    Missing,
    WarningGroup,
)
from stacks.shared.names import cluster_name

_FIVE_MINUTES = cdk.Duration.minutes(5)


class ClusterAlarms:
    """The alarms on nodes and pods. The cluster has the stage's name."""

    def __init__(self, make: AlarmFactory) -> None:
        """Make the alarms of the stage's settings."""
        self._make = make
        self._thresholds = make.settings.monitoring.thresholds
        self._max_nodes = make.settings.cluster.nodes.max_nodes
        self.without_nodes: list[cloudwatch.Alarm] = []
        self.crash_looping: list[cloudwatch.Alarm] = []
        self.warnings = [self._unschedulable()]
        if make.settings.cluster.container_insights:
            self.without_nodes = [self._without_nodes()]
            self.crash_looping = [self._crash_looping()]
            self.warnings += [self._at_maximum(), *self._nodes()]

    def _metric(
        self,
        name: str,
        statistic: str,
        *,
        namespace: str = "ContainerInsights",
        period: cdk.Duration = MINUTE,
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map={"ClusterName": cluster_name(self._make.settings)},
            statistic=statistic,
            period=period,
        )

    def _without_nodes(self) -> cloudwatch.Alarm:
        """Watch the nodes that are not failed. Without any, nothing reports either."""
        return self._make.alarm(
            "cluster-without-nodes",
            cloudwatch.MathExpression(
                expression="nodes - failed",
                using_metrics={
                    "nodes": self._metric("cluster_node_count", "Minimum"),
                    "failed": self._metric("cluster_failed_node_count", "Maximum"),
                },
                label="Healthy nodes",
                period=MINUTE,
            ),
            BELOW,
            1,
            advice=Advice(
                section="cluster-without-nodes",
                means="The cluster has no healthy node: no pod runs.",
                look_at="kubectl get nodes; kubectl describe nodes",
            ),
            periods=5,
            missing=Missing.IS_BAD,
        )

    def _crash_looping(self) -> cloudwatch.Alarm:
        """Watch for containers that start again and again, anywhere in the cluster."""
        return self._make.alarm(
            "pods-crash-looping",
            self._metric("pod_container_status_waiting_reason_crash_loop_back_off", "Maximum"),
            ABOVE,
            0,
            advice=Advice(
                section="pods-crash-looping",
                means="A container has ended right after each start for ten minutes.",
                look_at="kubectl get pods -A | grep CrashLoopBackOff; kubectl logs --previous",
            ),
            periods=10,
            missing=Missing.IS_FINE,
        )

    def _unschedulable(self) -> WarningGroup:
        return self._make.warning(
            "pods-unschedulable",
            self._metric("scheduler_pending_pods_UNSCHEDULABLE", "Minimum", namespace="AWS/EKS"),
            ABOVE,
            0,
            means="For 15 minutes a pod has found no node: the node group is at its maximum, or "
            "AWS has no instance to give.",
            look_at="kubectl get pods -A --field-selector=status.phase=Pending",
            periods=15,
        )

    def _at_maximum(self) -> WarningGroup:
        return self._make.warning(
            "nodes-at-maximum",
            self._metric("cluster_node_count", "Minimum"),
            AT_LEAST,
            self._max_nodes,
            means=f"All {self._max_nodes} nodes that the settings allow have run for 15 minutes: "
            "further pods will find none.",
            look_at="kubectl top nodes",
            periods=15,
        )

    def _nodes(self) -> Iterator[WarningGroup]:
        """Watch the fullest node for the disk, all together for what pods can share."""
        thresholds = self._thresholds
        for kind, metric, statistic, percent, means in (
            ("cpu", "node_cpu_utilization", "Average", thresholds.node_cpu_percent,
             "The nodes have little processor time left: pods slow each other down."),
            ("memory", "node_memory_utilization", "Average", thresholds.node_memory_percent,
             "The nodes have little memory left: pods will be evicted."),
            ("disk", "node_filesystem_utilization", "Maximum", thresholds.node_disk_percent,
             "A node's disk is nearly full: it will evict pods, and cannot pull images."),
        ):  # fmt: skip
            yield self._make.warning(
                f"nodes-{kind}",
                self._metric(metric, statistic, period=_FIVE_MINUTES),
                ABOVE,
                percent,
                means=means,
                look_at="kubectl top nodes",
                periods=3,
            )
