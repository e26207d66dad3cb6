"""The log groups of a stage that saved queries, metric filters and dashboards read."""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs


@dataclass(frozen=True, kw_only=True)
class LogGroups:
    """One log group for each part of the stage. Different stacks create them."""

    application: logs.ILogGroup
    """The output of the containers, in the format of Fluent Bit (docs/log-fields.md)."""
    nodes: logs.ILogGroup
    """The logs of kubelet and containerd, with the failures and restarts of containers."""
    control_plane: logs.ILogGroup
    """The logs of the Kubernetes API, with its audit log."""
    postgresql: logs.ILogGroup
    redis_slow_log: logs.ILogGroup
    firewall: logs.ILogGroup
    """The logs of the web ACL."""
    trail: logs.ILogGroup
    """The management events of CloudTrail."""
    flows: logs.ILogGroup
    """The VPC flow logs."""
