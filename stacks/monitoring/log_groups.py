"""The log groups of a stage that queries, metric filters and dashboards read."""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs


@dataclass(frozen=True, kw_only=True)
class LogGroups:
    """What each part of the stage writes, wherever its stack makes the group."""

    application: logs.ILogGroup
    """What containers write, as Fluent Bit wraps it (docs/log-fields.md)."""
    nodes: logs.ILogGroup
    """kubelet and containerd: which containers failed, and why they were started again."""
    control_plane: logs.ILogGroup
    """The Kubernetes API, with its audit log."""
    postgresql: logs.ILogGroup
    redis_slow_log: logs.ILogGroup
    firewall: logs.ILogGroup
    trail: logs.ILogGroup
    """CloudTrail's management events."""
    flows: logs.ILogGroup
    """VPC Flow Logs."""
