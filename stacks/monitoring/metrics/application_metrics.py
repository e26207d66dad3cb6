"""The backend's own metrics, which the CloudWatch agent scrapes (k8s/cloudwatch_agent.py)."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from k8s import cloudwatch_agent
from k8s.application import BACKEND


class ApplicationMetrics:
    """The metrics of all backend pods together, with a resolution of one minute."""

    def __init__(self, cluster_name: str) -> None:
        """Select the metrics of one cluster by its name, which is a dimension."""
        self._cluster_name = cluster_name
        self.requests = self._metric(cloudwatch_agent.REQUESTS, "Sum", "Requests of pods")
        """Includes health checks, which the load balancer does not count."""
        self.errors = self._metric(cloudwatch_agent.ERRORS, "Sum", "4xx and 5xx of pods")
        self.connections = self._metric(cloudwatch_agent.WEB_SOCKETS, "Sum", "WebSockets")
        """Each pod reports its own connections once a minute, so their sum is the total."""
        self.event_loop_lag = self._metric(
            cloudwatch_agent.EVENT_LOOP_LAG, "Maximum", "Event loop lag"
        )
        """The time in seconds that the slowest pod delays a request before it starts on it."""

    def _metric(self, name: str, statistic: str, label: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=cloudwatch_agent.METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"ClusterName": self._cluster_name, "job": BACKEND.name},
            statistic=statistic,
            label=label,
            period=cdk.Duration.minutes(1),
        )
