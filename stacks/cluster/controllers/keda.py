"""KEDA: it scales pods by metrics of CloudWatch, such as the request rate."""

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import (
    PRIORITY_CLASS,
    ChartDeployment,
    Controller,
)

_RESOURCES_VALUES = {
    "operator": "operator",
    "metricsServer": "metricServer",
    "webhooks": "webhooks",
}
"""The key of each Deployment in the Helm value `resources`, which spells one of them differently
than the other values do."""


def keda(*, replicas: int) -> Controller:
    """Declare the controller. It reads CloudWatch with its own IAM role for every ScaledObject.

    Args:
        replicas: The replicas of each of the three Deployments.
    """
    deployments = tuple(
        ChartDeployment(
            name=name,
            pod_label=("app", label),
            replicas=replicas,
            cpu_request_millicores=cpu,
            memory_request_mib=memory,
        )
        for name, label, cpu, memory in (
            ("operator", "keda-operator", 50, 128),
            ("metricsServer", "keda-operator-metrics-apiserver", 25, 96),
            ("webhooks", "keda-admission-webhooks", 10, 32),
        )
    )
    return Controller(
        chart=CHARTS["keda"],
        service_account="keda-operator",
        deployments=deployments,
        values={
            "serviceAccount": {"operator": {"name": "keda-operator"}},
            **{item.name: {"replicaCount": replicas} for item in deployments},
            "resources": {_RESOURCES_VALUES[item.name]: item.resources() for item in deployments},
            "priorityClassName": PRIORITY_CLASS,
            "topologySpreadConstraints": {
                item.name: item.topology_spread_constraints() for item in deployments
            },
        },
        read_actions=("cloudwatch:GetMetricData",),
    )
