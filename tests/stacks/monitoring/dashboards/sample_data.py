"""Sample data for the pictures of the dashboards, of plausible size and equal on every machine."""

import hashlib
import math
from typing import NamedTuple

POINTS = 61

_GIB = 1024**3
_MIB = 1024**2

_TYPICAL_VALUES: dict[str, float] = {
    # Application
    "HealthyHostCount": 3,
    "RequestCount": 940,
    "Error rate": 0.4,
    "HTTPCode_Target_5XX_Count": 3.4,
    "HTTPCode_ELB_5XX_Count": 0.6,
    "HTTPCode_Target_4XX_Count": 21,
    "ApplicationErrors": 4.2,
    "TargetResponseTime p50": 0.08,
    "TargetResponseTime p95": 0.34,
    "TargetResponseTime p99": 0.72,
    "ActiveConnectionCount": 410,
    "http_requests_total": 1010,
    "http_requests_errors": 25,
    "websocket_active_connections": 265,
    "nodejs_eventloop_lag_p99_seconds": 0.021,
    "NewConnectionCount": 95,
    "Hit rate": 92,
    "ReadLatency": 0.0007,
    "WriteLatency": 0.0019,
    # Releases
    "ExecutionsStarted": 0.02,
    "ExecutionsSucceeded": 0.02,
    "ExecutionsFailed": 0,
    "ExecutionsAborted": 0,
    # Infrastructure
    "CPUUtilization": 41,
    "node_memory_utilization Average": 55,
    "node_memory_utilization Maximum": 68,
    "NetworkIn": 310 * _MIB,
    "NetworkOut": 270 * _MIB,
    "EBSReadBytes": 22 * _MIB,
    "EBSWriteBytes": 64 * _MIB,
    "scheduler_pending_pods_UNSCHEDULABLE": 0,
    "pod_cpu_utilization_over_pod_limit": 31,
    "pod_memory_utilization_over_pod_limit": 47,
    "pod_network_rx_bytes": 210_000,
    "pod_network_tx_bytes": 480_000,
    "pod_number_of_container_restarts": 0,
    "CPUCreditBalance": 260,
    "FreeableMemory": 3.1 * _GIB,
    "DatabaseConnections": 38,
    "NetworkReceiveThroughput": 900_000,
    "NetworkTransmitThroughput": 2_400_000,
    "ReadIOPS": 45,
    "WriteIOPS": 120,
    "FreeStorageSpace": 71 * _GIB,
    "EngineCPUUtilization": 12,
    "DatabaseMemoryUsagePercentage": 36,
    "NetworkBytesIn": 46 * _MIB,
    "NetworkBytesOut": 88 * _MIB,
    "Evictions": 0,
    "CurrConnections": 44,
    "ProcessedBytes": 640 * _MIB,
    "RejectedConnectionCount": 0,
    "TargetConnectionErrorCount": 0.3,
    "BytesOutToDestination": 42 * _MIB,
    "BytesInFromDestination": 130 * _MIB,
    "ErrorPortAllocation": 0,
    "PacketsDropCount": 0,
    "cluster_node_count": 3,
    "namespace_number_of_running_pods": 5,
    "scheduler_schedule_attempts_SCHEDULED": 2,
    "scheduler_schedule_attempts_UNSCHEDULABLE": 0,
    "IncomingBytes": 380 * _MIB,
    "ConsumedLCUs": 1.3,
    # Business
    "ActiveUsers": 340,
    "Sessions": 520,
    "SessionsStarted": 75,
    "ApiRequests": 5_200,
    "FeatureUses": 410,
    "Success rate": 99.93,
}
_INTEGERS = {
    *("HealthyHostCount", "cluster_node_count", "namespace_number_of_running_pods"),
    "scheduler_schedule_attempts_SCHEDULED",
}
_RELATIVE_SWINGS = {"Success rate": 0.0003, "Hit rate": 0.02}
_SHARES_OF_VALUE = {"FREE": 1.0, "PRO": 0.55, "ENTERPRISE": 0.3, "frontend": 0.67}
_DEFAULT_VALUE = 50.0


class Series(NamedTuple):
    """A line of a graph."""

    label: str
    values: list[float]
    right: bool


def has_sample(name: str) -> bool:
    """Return whether a metric or one of its statistics has a typical value."""
    return any(key == name or key.startswith(f"{name} ") for key in _TYPICAL_VALUES)


def sample_series(label: str, names: list[str], *, right: bool = False) -> Series:
    """Return sample data of a metric.

    Args:
        label: The label of the line. Lines of the same metric differ by their labels.
        names: The names of the metric in the table, the most specific first.
        right: Whether the line belongs to the right axis.
    """
    name = next((name for name in names if name in _TYPICAL_VALUES), "")
    typical = _TYPICAL_VALUES.get(name, _DEFAULT_VALUE)
    typical *= _SHARES_OF_VALUE.get(label.partition(",")[0], 1.0)
    digest = hashlib.sha256(f"{label}/{name}".encode()).digest()
    typical *= 1 if name in _INTEGERS or name in _RELATIVE_SWINGS else 0.85 + digest[0] / 850
    if name in _INTEGERS:
        return Series(label, [float(round(typical))] * POINTS, right)
    swing = _RELATIVE_SWINGS.get(name, 0.12)
    phase = digest[1] / 255
    values = []
    for index in range(POINTS):
        wave = math.sin(2 * math.pi * (index / POINTS * 1.5 + phase))
        noise = digest[index % 32] / 255 - 0.5
        values.append(max(0.0, typical * (1 + swing * wave + swing * 0.7 * noise)))
    return Series(label, values, right)


SAMPLE_CELLS: dict[str, list[str]] = {
    "@timestamp": ["11:52:07", "11:31:40", "10:58:12", "10:20:55", "09:47:31"],
    "who": ["deployer", "deployer", "anna", "deployer", "cluster-admin"],
    "verb": ["patch", "update", "delete", "patch", "create"],
    "resource": ["deployments", "configmaps", "pods", "deployments", "secrets"],
    "namespace": ["spywatcher"] * 4 + ["kube-system"],
    "name": ["spywatcher-backend", "settings", "backend-7c9", "frontend", "token"],
    "service": ["cloudformation", "eks", "rds", "cloudformation", "secretsmanager"],
    "call": [
        *("ExecuteChangeSet", "UpdateNodegroupVersion", "ModifyDBInstance"),
        *("CreateChangeSet", "RotateSecret"),
    ],
    "error": ["", "", "AccessDenied", "", ""],
}
"""The cells of a query result, by the name of the column."""
