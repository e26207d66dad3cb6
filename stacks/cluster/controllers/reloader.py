"""Reloader: restarts the pods that use a secret or ConfigMap when it has changed."""

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import (
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Controller,
    Pods,
)


def reloader(*, replicas: int) -> Controller:
    """Declare the controller. It asks nothing of AWS.

    It marks the restart by an annotation of the pod template, which no later deployment removes:
    `kubectl apply` leaves alone what it did not write.
    """
    pods = Pods(
        name="reloader", replicas=replicas, cpu_request_millicores=10, memory_request_mib=96
    )
    return Controller(
        chart=CHARTS["reloader"],
        service_account="reloader",
        pods=(pods,),
        values={
            "fullnameOverride": "reloader",
            "reloader": {
                "reloadStrategy": "annotations",
                "enableHA": replicas > 1,
                "readOnlyRootFileSystem": True,
                "serviceAccount": {"name": "reloader"},
                "deployment": {
                    "replicas": replicas,
                    "resources": pods.resources(),
                    "securityContext": RESTRICTED_POD,
                    "containerSecurityContext": RESTRICTED_CONTAINER,
                },
                "podDisruptionBudget": {"enabled": replicas > 1, **pods.disruption_budget()},
            },
        },
    )
