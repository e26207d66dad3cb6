"""Reloader: it restarts the pods that use a changed Secret or ConfigMap."""

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import (
    PRIORITY_CLASS,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    ChartDeployment,
    Controller,
)


def reloader(*, replicas: int) -> Controller:
    """Declare the controller. It needs no permissions in AWS.

    To restart pods, it sets a variable in their containers to a digest of the Secret or ConfigMap.
    A later deployment keeps the variable: `kubectl apply` removes only fields that an earlier
    manifest contained. After its own restart, it compares all digests, and makes up for changes
    that it has missed, such as the rotation of a secret. The strategy `annotations` compares none,
    and would restart all pods each time (Reloader v1.4.21, internal/pkg/handler/upgrade.go).
    """
    deployment = ChartDeployment(
        name="reloader",
        pod_label=("app", "reloader"),
        replicas=replicas,
        cpu_request_millicores=10,
        memory_request_mib=96,
    )
    return Controller(
        chart=CHARTS["reloader"],
        service_account="reloader",
        deployments=(deployment,),
        values={
            "fullnameOverride": "reloader",
            "reloader": {
                "reloadStrategy": "env-vars",
                "reloadOnCreate": True,
                "syncAfterRestart": True,
                "enableHA": replicas > 1,
                "readOnlyRootFileSystem": True,
                "serviceAccount": {"name": "reloader"},
                "deployment": {
                    "replicas": replicas,
                    "resources": deployment.resources(),
                    "securityContext": RESTRICTED_POD,
                    "containerSecurityContext": RESTRICTED_CONTAINER,
                    "priorityClassName": PRIORITY_CLASS,
                    "topologySpreadConstraints": deployment.topology_spread_constraints(),
                },
            },
        },
    )
