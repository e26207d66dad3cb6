"""The design's monitoring requirements, each with the metrics, alarms and widget that meet it.

A test generates docs/monitoring.md from it, and compares it with the templates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A line of the design's lists, or a requirement that this project adds to them."""

    text: str
    metrics: tuple[str, ...]
    alarms: tuple[str, ...] = ()
    """The runbook sections of the alarms: their names without stage, node and `-warning`."""
    widget: str | None = None
    """The title of a widget, or the beginning of several titles."""


APPLICATION = (
    Requirement(
        text="Request rate and latency",
        metrics=("RequestCount", "TargetResponseTime"),
        alarms=("slow-answers",),
        widget="Requests",
    ),
    Requirement(
        text="Error rate",
        metrics=("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"),
        alarms=("high-error-rate",),
        widget="Error rate",
    ),
    Requirement(
        text="Active connections",
        metrics=("ActiveConnectionCount", "DatabaseConnections", "CurrConnections"),
        alarms=("database-connections", "cache-connections"),
        widget="Active connections",
    ),
    Requirement(
        text="Cache hit rate",
        metrics=("CacheHits", "CacheMisses", "Evictions"),
        alarms=("cache-evictions",),
        widget="Cache hit rate",
    ),
)
INFRASTRUCTURE = (
    Requirement(
        text="CPU utilization",
        metrics=(
            *("CPUUtilization", "EngineCPUUtilization", "CPUCreditBalance"),
            "node_cpu_utilization",
        ),
        alarms=(
            *("database-cpu", "database-credits", "cache-cpu", "cache-credits", "nodes-cpu"),
            *("backend-at-maximum", "frontend-at-maximum", "nodes-at-maximum"),
            "pods-unschedulable",
        ),
        widget="CPU",
    ),
    Requirement(
        text="Memory utilization",
        metrics=("FreeableMemory", "DatabaseMemoryUsagePercentage", "node_memory_utilization"),
        alarms=("database-memory", "cache-memory", "nodes-memory"),
        widget="Memory",
    ),
    Requirement(
        text="Network throughput",
        metrics=("ProcessedBytes", "NetworkBandwidthOutAllowanceExceeded"),
        alarms=("cache-throttled",),
        widget="Network",
    ),
    Requirement(
        text="Disk I/O",
        metrics=("ReadIOPS", "WriteIOPS", "EBSIOBalance%"),
        alarms=("database-throttled",),
        widget="Disk I/O",
    ),
)
BUSINESS = (
    Requirement(text="Active users", metrics=("from the backend's log",), widget="Active users"),
    Requirement(
        text="API usage per tier",
        metrics=("from the backend's log",),
        widget="API usage per tier",
    ),
    Requirement(text="Feature usage", metrics=("from the backend's log",), widget="Feature usage"),
    Requirement(text="User sessions", metrics=("from the backend's log",), widget="User sessions"),
)
CRITICAL = (
    Requirement(
        text="Service down",
        metrics=("HealthyHostCount",),
        alarms=("outage", "backend-down", "frontend-down"),
    ),
    Requirement(
        text="Database unavailable",
        metrics=("DatabaseConnections, whether there are any data",),
        alarms=("outage", "database-unavailable"),
    ),
    Requirement(
        text="High error rate",
        metrics=("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"),
        alarms=("outage", "high-error-rate"),
    ),
    Requirement(
        text="Redis unavailable (added)",
        metrics=("CurrConnections, whether there are any data",),
        alarms=("outage", "cache-unavailable"),
    ),
    Requirement(
        text="Cluster without healthy nodes (added)",
        metrics=("cluster_node_count", "cluster_failed_node_count"),
        alarms=("outage", "cluster-without-nodes"),
    ),
    Requirement(
        text="Pods crash-looping (added)",
        metrics=("pod_container_status_waiting_reason_crash_loop_back_off",),
        alarms=("pods-crash-looping",),
    ),
    Requirement(
        text="Certificate about to expire (added)",
        metrics=("DaysToExpiry",),
        alarms=("certificate-expiring",),
    ),
    Requirement(
        text="Backup missing (added)",
        metrics=("Invocations of the rule on RDS-EVENT-0002",),
        alarms=("backup-missing",),
    ),
    Requirement(
        text="Replication broken (added)",
        metrics=("ReplicaLag", "ReplicationLag", "CurrConnections"),
        alarms=("replication-broken", "database-replication", "cache-replication"),
    ),
    Requirement(
        text="Rotation failed (added)",
        metrics=("event RotationFailed",),
        alarms=("rotation-failed",),
    ),
    Requirement(
        text="Trail stopped (added)",
        metrics=("events StopLogging, DeleteTrail",),
        alarms=("trail-stopped",),
    ),
    Requirement(
        text="Root use, sign-in without MFA, changes by hand (added)",
        metrics=("root-use", "sign-in-without-mfa", "policy-change", "trail-change", "key-loss"),
        alarms=("root-use", "sign-in-without-mfa", "policy-change", "trail-change", "key-loss"),
    ),
)
WARNING = (
    Requirement(
        text="High CPU/memory",
        metrics=(
            *("CPUUtilization", "EngineCPUUtilization", "FreeableMemory"),
            *("DatabaseMemoryUsagePercentage", "node_cpu_utilization", "node_memory_utilization"),
        ),
        alarms=(
            *("database-cpu", "database-memory", "cache-cpu", "cache-memory"),
            *("nodes-cpu", "nodes-memory"),
        ),
    ),
    Requirement(
        text="Low disk space",
        metrics=("FreeStorageSpace", "node_filesystem_utilization"),
        alarms=("database-storage", "nodes-disk"),
    ),
    Requirement(
        text="Elevated response time",
        metrics=("TargetResponseTime",),
        alarms=("slow-answers",),
        widget="Response time",
    ),
    Requirement(
        text="Maintenance, announcements or reviews not done (added)",
        metrics=("ExecutionsFailed", "InvocationDroppedCount"),
        alarms=(
            *("node-patches-failed", "plans-not-read", "message-lost"),
            "access-review-failed",
        ),
    ),
)
REQUIREMENTS = {
    "Application metrics": APPLICATION,
    "Infrastructure metrics": INFRASTRUCTURE,
    "Business metrics": BUSINESS,
    "Alerting: critical": CRITICAL,
    "Alerting: warning": WARNING,
}
