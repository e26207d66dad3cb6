"""KEDA: it scales pods by metrics of CloudWatch, such as the request rate."""

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import ChartDeployment, Controller

_REPLICA_VALUES = {
    "operator": "operator",
    "metricServer": "metricsServer",
    "webhooks": "webhooks",
}
"""The Helm value with the replicas of each Deployment. The chart spells one of them differently in
`resources` and `podDisruptionBudget`."""


def keda(*, replicas: int) -> Controller:
    """Declare the controller. It reads CloudWatch with its own IAM role for every ScaledObject.

    Args:
        replicas: The replicas of each of the three Deployments.
    """
    deployments = tuple(
        ChartDeployment(
            name=name, replicas=replicas, cpu_request_millicores=cpu, memory_request_mib=memory
        )
        for name, cpu, memory in (
            ("operator", 50, 128),
            ("metricServer", 25, 96),
            ("webhooks", 10, 32),
        )
    )
    return Controller(
        chart=CHARTS["keda"],
        service_account="keda-operator",
        deployments=deployments,
        values={
            "serviceAccount": {"operator": {"name": "keda-operator"}},
            **{_REPLICA_VALUES[item.name]: {"replicaCount": replicas} for item in deployments},
            "resources": {item.name: item.resources() for item in deployments},
            "podDisruptionBudget": {item.name: item.disruption_budget() for item in deployments},
        },
        read_actions=("cloudwatch:GetMetricData",),
    )
