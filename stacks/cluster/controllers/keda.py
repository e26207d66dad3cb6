"""KEDA: scales pods by what CloudWatch counts, such as requests."""

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import Controller, Pods


def keda(*, replicas: int) -> Controller:
    """Declare the controller. Its own account asks CloudWatch, whoever the ScaledObject is of."""
    names = (("operator", 50, 128), ("metricServer", 25, 96), ("webhooks", 10, 32))
    pods = tuple(
        Pods(name=name, replicas=replicas, cpu_request_millicores=cpu, memory_request_mib=memory)
        for name, cpu, memory in names
    )
    counts = {"operator": "operator", "metricServer": "metricsServer", "webhooks": "webhooks"}
    return Controller(
        chart=CHARTS["keda"],
        service_account="keda-operator",
        pods=pods,
        api_groups=("keda.sh",),
        values={
            "serviceAccount": {"operator": {"name": "keda-operator"}},
            **{counts[each.name]: {"replicaCount": replicas} for each in pods},
            "resources": {each.name: each.resources() for each in pods},
            "podDisruptionBudget": {each.name: each.disruption_budget() for each in pods},
        },
        reads=("cloudwatch:GetMetricData",),
    )
