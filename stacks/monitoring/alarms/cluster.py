"""Alarms on the EKS cluster: healthy nodes, crashing pods, and the capacity of the nodes.

Most of them use Container Insights. A stage without it still has the alarm on unschedulable pods,
whose metric EKS publishes for every cluster, and the alarms of services.py.
"""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from stacks.monitoring.metrics.service_metrics import (
    container_insights_metrics,
    control_plane_metrics,
)
from stacks.shared.alarm_factory import (
    MINUTE,
    AlarmDescription,
    AlarmFactory,
    WarningGroup,
)
from stacks.shared.names import cluster_name


class ClusterAlarms:
    """The alarms on the nodes and pods of the cluster."""

    def __init__(self, factory: AlarmFactory) -> None:
        """Create the alarms, with the thresholds of the factory's settings."""
        self._factory = factory
        self._thresholds = factory.settings.monitoring.thresholds
        self._cluster_name = cluster_name(factory.settings)
        self._insights = container_insights_metrics(self._cluster_name)
        self.without_nodes: list[cloudwatch.Alarm] = []
        self.crash_looping: list[cloudwatch.Alarm] = []
        self.warnings = [self._unschedulable_pods()]
        if factory.settings.cluster.container_insights:
            self.without_nodes = [self._without_nodes()]
            self.crash_looping = [self._crash_looping()]
            self.warnings += [self._maximum_nodes(), *self._node_capacity()]

    def _without_nodes(self) -> cloudwatch.Alarm:
        return self._factory.create_alarm(
            "cluster-without-nodes",
            cloudwatch.MathExpression(
                expression="nodes - failed",
                using_metrics={
                    "nodes": self._insights.metric(
                        "cluster_node_count", statistic="Minimum", period=MINUTE
                    ),
                    "failed": self._insights.metric(
                        "cluster_failed_node_count", statistic="Maximum", period=MINUTE
                    ),
                },
                label="Healthy nodes",
                period=MINUTE,
            ),
            ComparisonOperator.LESS_THAN_THRESHOLD,
            1,
            description=AlarmDescription(
                runbook_section="cluster-without-nodes",
                summary="The cluster has no healthy node. No pod runs.",
                first_check="kubectl get nodes; kubectl describe nodes",
            ),
            evaluation_periods=5,
            # The CloudWatch agent runs on the nodes: without a node, nothing reports.
            treat_missing_data=TreatMissingData.BREACHING,
        )

    def _crash_looping(self) -> cloudwatch.Alarm:
        return self._factory.create_alarm(
            "pods-crash-looping",
            self._insights.metric(
                "pod_container_status_waiting_reason_crash_loop_back_off",
                statistic="Maximum",
                period=MINUTE,
            ),
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            0,
            description=AlarmDescription(
                runbook_section="pods-crash-looping",
                summary="A container has been in a crash loop for ten minutes.",
                first_check="kubectl get pods -A | grep CrashLoopBackOff; kubectl logs --previous",
            ),
            evaluation_periods=10,
            # The alarm on healthy nodes observes whether the agent reports at all.
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )

    def _unschedulable_pods(self) -> WarningGroup:
        return self._factory.create_warning(
            "pods-unschedulable",
            control_plane_metrics(self._cluster_name).metric(
                "scheduler_pending_pods_UNSCHEDULABLE", statistic="Minimum", period=MINUTE
            ),
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            0,
            summary="A pod has been unschedulable for 15 minutes. The node group has its maximum "
            "size, or AWS has no capacity.",
            first_check="kubectl get pods -A --field-selector=status.phase=Pending",
            evaluation_periods=15,
        )

    def _maximum_nodes(self) -> WarningGroup:
        maximum = self._factory.settings.cluster.nodes.max_nodes
        return self._factory.create_warning(
            "nodes-at-maximum",
            self._insights.metric("cluster_node_count", statistic="Minimum", period=MINUTE),
            ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            maximum,
            summary=f"The cluster has had its maximum of {maximum} nodes for 15 minutes. Further "
            "pods will be unschedulable.",
            first_check="kubectl top nodes",
            evaluation_periods=15,
        )

    def _node_capacity(self) -> Iterator[WarningGroup]:
        """Yield the warnings about CPU and memory of all nodes, and about the fullest disk.

        Pods share the CPU and the memory of all nodes. A full disk affects its own node alone.
        """
        thresholds = self._thresholds
        for name, metric_name, statistic, percent, summary in (
            (
                "cpu",
                "node_cpu_utilization",
                "Average",
                thresholds.node_cpu_percent,
                "The nodes have little CPU time left. Pods slow each other down.",
            ),
            (
                "memory",
                "node_memory_utilization",
                "Average",
                thresholds.node_memory_percent,
                "The nodes have little memory left. Kubernetes will evict pods.",
            ),
            (
                "disk",
                "node_filesystem_utilization",
                "Maximum",
                thresholds.node_disk_percent,
                "The disk of a node is nearly full. The node evicts pods, and cannot pull images.",
            ),
        ):
            yield self._factory.create_warning(
                f"nodes-{name}",
                self._insights.metric(
                    metric_name, statistic=statistic, period=cdk.Duration.minutes(5)
                ),
                ComparisonOperator.GREATER_THAN_THRESHOLD,
                percent,
                summary=summary,
                first_check="kubectl top nodes",
                evaluation_periods=3,
            )
