"""The log groups of Container Insights, which hold the logs of pods and nodes."""

from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from constructs import Construct
from k8s.cloudwatch_agent import LOG_GROUP_SUFFIX
from settings.cluster import ClusterSettings
from settings.names import container_insights_log_group
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup


@dataclass(frozen=True, kw_only=True)
class PodLogs:
    """The log groups that the CloudWatch agent and Fluent Bit write to."""

    application: logs.LogGroup
    """The output of the containers."""
    dataplane: logs.LogGroup
    """The kubelet and the container runtime."""
    host: logs.LogGroup
    """The operating system of the nodes."""
    performance: logs.LogGroup
    """The metrics of Container Insights, as log events."""
    prometheus: logs.LogGroup | None
    """The backend's own metrics, as log events, if `application_metrics` is set."""

    def groups(self) -> list[logs.LogGroup]:
        """Return the log groups that exist."""
        groups = [self.application, self.dataplane, self.host, self.performance]
        return [*groups, self.prometheus] if self.prometheus else groups


def create_pod_logs(
    scope: Construct, *, settings: ClusterSettings, cluster_name: str, logs_key: kms.IKey
) -> PodLogs:
    """Create the log groups. The agents would create them without encryption and retention.

    Args:
        scope: The scope of the log groups.
        settings: The settings of the cluster.
        cluster_name: The name of the cluster, as text.
        logs_key: The KMS key of the log groups.
    """

    def create(kind: str) -> logs.LogGroup:
        return EncryptedLogGroup(
            scope,
            f"{kind.capitalize()}Logs",
            log_group_name=container_insights_log_group(cluster_name, kind),
            encryption_key=logs_key,
            retention_days=settings.pod_log_retention_days,
        )

    return PodLogs(
        application=create("application"),
        dataplane=create("dataplane"),
        host=create("host"),
        performance=create("performance"),
        prometheus=create(LOG_GROUP_SUFFIX) if settings.application_metrics else None,
    )
