"""Metrics of AWS services for which the CDK library lacks suitable methods."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs


@dataclass(frozen=True)
class ServiceMetrics:
    """Metrics with the same namespace and dimensions."""

    namespace: str
    dimensions: Mapping[str, str]

    def metric(
        self, name: str, *, statistic: str, period: cdk.Duration, label: str | None = None
    ) -> cloudwatch.Metric:
        """Return a metric. The label names it in a graph."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            dimensions_map=dict(self.dimensions),
            statistic=statistic,
            label=label,
            period=period,
        )


def nat_gateway_metrics(gateway_id: str) -> ServiceMetrics:
    """Return the metrics of a NAT gateway."""
    return ServiceMetrics("AWS/NATGateway", {"NatGatewayId": gateway_id})


def control_plane_metrics(cluster_name: str) -> ServiceMetrics:
    """Return the metrics of a Kubernetes control plane, which EKS publishes at no charge."""
    return ServiceMetrics("AWS/EKS", {"ClusterName": cluster_name})


def container_insights_metrics(
    cluster_name: str, dimensions: Mapping[str, str] | None = None
) -> ServiceMetrics:
    """Return the metrics of Container Insights.

    Args:
        cluster_name: The cluster.
        dimensions: Further dimensions, such as a namespace; the whole cluster if not given.
    """
    return ServiceMetrics("ContainerInsights", {"ClusterName": cluster_name, **(dimensions or {})})


def log_group_metrics(log_group: logs.ILogGroup) -> ServiceMetrics:
    """Return the metrics of a log group.

    CDK's own `metric_incoming_bytes` omits the dimension (aws-cdk-lib 2.275.0), and is therefore
    the sum of all log groups of the account.
    """
    return ServiceMetrics("AWS/Logs", {"LogGroupName": log_group.log_group_name})
