"""What covers each line of the design's monitoring and alerting lists.

docs/monitoring.md is made of it; a test holds it against the templates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the design, or of the alarms that it leaves open."""

    design: str
    metrics: tuple[str, ...]
    alarms: tuple[str, ...] = ()
    """Their runbook sections, which are their names without stage, node and `-warning`."""
    widget: str | None = None
    """A widget's title, or its beginning."""


APPLICATION = (
    Line(
        design="Request rate and latency",
        metrics=("RequestCount", "TargetResponseTime"),
        alarms=("slow-answers",),
        widget="Requests",
    ),
    Line(
        design="Error rate",
        metrics=("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"),
        alarms=("high-error-rate",),
        widget="Errors",
    ),
    Line(
        design="Active connections",
        metrics=("ActiveConnectionCount", "DatabaseConnections", "CurrConnections"),
        alarms=("database-connections", "cache-connections"),
        widget="Active connections",
    ),
    Line(
        design="Cache hit rate",
        metrics=("CacheHits", "CacheMisses", "Evictions"),
        alarms=("cache-evictions",),
        widget="Cache hit rate",
    ),
)
INFRASTRUCTURE = (
    Line(
        design="CPU utilization",
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
    Line(
        design="Memory utilization",
        metrics=("FreeableMemory", "DatabaseMemoryUsagePercentage", "node_memory_utilization"),
        alarms=("database-memory", "cache-memory", "nodes-memory"),
        widget="Memory",
    ),
    Line(
        design="Network throughput",
        metrics=("ProcessedBytes", "NetworkBandwidthOutAllowanceExceeded"),
        alarms=("cache-throttled",),
        widget="Network",
    ),
    Line(
        design="Disk I/O",
        metrics=("ReadIOPS", "WriteIOPS", "EBSIOBalance%"),
        alarms=("database-throttled",),
        widget="Disk I/O",
    ),
)
BUSINESS = (
    Line(design="Active users", metrics=("from the backend's log",), widget="Active users"),
    Line(
        design="API usage per tier",
        metrics=("from the backend's log",),
        widget="API usage per tier",
    ),
    Line(design="Feature usage", metrics=("from the backend's log",), widget="Feature usage"),
    Line(design="User sessions", metrics=("from the backend's log",), widget="User sessions"),
)
CRITICAL = (
    Line(
        design="Service down",
        metrics=("HealthyHostCount",),
        alarms=("outage", "backend-down", "frontend-down"),
    ),
    Line(
        design="Database unavailable",
        metrics=("DatabaseConnections, whether there are any data",),
        alarms=("outage", "database-unavailable"),
    ),
    Line(
        design="High error rate",
        metrics=("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RequestCount"),
        alarms=("outage", "high-error-rate"),
    ),
    Line(
        design="Redis unavailable (ours)",
        metrics=("CurrConnections, whether there are any data",),
        alarms=("outage", "cache-unavailable"),
    ),
    Line(
        design="Cluster without healthy nodes (ours)",
        metrics=("cluster_node_count", "cluster_failed_node_count"),
        alarms=("outage", "cluster-without-nodes"),
    ),
    Line(
        design="Pods crash-looping (ours)",
        metrics=("pod_container_status_waiting_reason_crash_loop_back_off",),
        alarms=("pods-crash-looping",),
    ),
    Line(
        design="Certificate about to expire (ours)",
        metrics=("DaysToExpiry",),
        alarms=("certificate-expiring",),
    ),
    Line(
        design="Backup missing (ours)",
        metrics=("Invocations of the rule on RDS-EVENT-0002",),
        alarms=("backup-missing",),
    ),
    Line(
        design="Replication broken (ours)",
        metrics=("ReplicaLag", "ReplicationLag", "CurrConnections"),
        alarms=("replication-broken", "database-replication", "cache-replication"),
    ),
    Line(
        design="Rotation failed (ours)",
        metrics=("event RotationFailed",),
        alarms=("rotation-failed",),
    ),
    Line(
        design="Trail stopped (ours)",
        metrics=("events StopLogging, DeleteTrail",),
        alarms=("trail-stopped",),
    ),
    Line(
        design="Root use, sign-in without MFA, changes by hand (ours)",
        metrics=("root-use", "sign-in-without-mfa", "policy-change", "trail-change", "key-loss"),
        alarms=("root-use", "sign-in-without-mfa", "policy-change", "trail-change", "key-loss"),
    ),
)
WARNING = (
    Line(
        design="High CPU/memory",
        metrics=(
            *("CPUUtilization", "EngineCPUUtilization", "FreeableMemory"),
            *("DatabaseMemoryUsagePercentage", "node_cpu_utilization", "node_memory_utilization"),
        ),
        alarms=(
            *("database-cpu", "database-memory", "cache-cpu", "cache-memory"),
            *("nodes-cpu", "nodes-memory"),
        ),
    ),
    Line(
        design="Low disk space",
        metrics=("FreeStorageSpace", "node_filesystem_utilization"),
        alarms=("database-storage", "nodes-disk"),
    ),
    Line(
        design="Elevated response time",
        metrics=("TargetResponseTime",),
        alarms=("slow-answers",),
        widget="Response time",
    ),
    Line(
        design="Maintenance, announcements or reviews not done (ours)",
        metrics=("ExecutionsFailed", "InvocationDroppedCount"),
        alarms=(
            *("node-patches-failed", "plans-not-read", "message-lost"),
            "access-review-failed",
        ),
    ),
)
LISTS = {
    "Application metrics": APPLICATION,
    "Infrastructure metrics": INFRASTRUCTURE,
    "Business metrics": BUSINESS,
    "Alerting: critical": CRITICAL,
    "Alerting: warning": WARNING,
}
