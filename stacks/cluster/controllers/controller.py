"""The declaration of a controller: its chart, Helm values, pods and IAM permissions."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from settings.versions import Chart

RESTRICTED_POD = {
    "runAsNonRoot": True,
    "runAsUser": 65534,
    "runAsGroup": 65534,
    "fsGroup": 65534,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
"""Security contexts for charts whose defaults do not meet the Pod Security Standard `restricted`,
which the controllers' namespaces enforce."""

PRIORITY_CLASS = "system-cluster-critical"
"""The priority class of the controllers. Pods of the application depend on them, and give way."""


@dataclass(frozen=True, kw_only=True)
class ChartDeployment:
    """A Deployment of a Helm chart: its replicas, and what each pod requests."""

    name: str
    pod_label: tuple[str, str]
    """A label that the chart gives to its pods, and to no other pod of the namespace."""
    replicas: int
    cpu_request_millicores: int
    memory_request_mib: int

    def resources(self) -> dict[str, dict[str, str]]:
        """Return the Helm values of the requests and limits.

        The memory limit is twice the request. There is no CPU limit, so that a pod may use idle
        processors.
        """
        return {
            "requests": {
                "cpu": f"{self.cpu_request_millicores}m",
                "memory": f"{self.memory_request_mib}Mi",
            },
            "limits": {"memory": f"{2 * self.memory_request_mib}Mi"},
        }

    def topology_spread_constraints(self) -> list[dict[str, object]]:
        """Return the Helm values that spread the pods over nodes and zones, by preference.

        `matchLabelKeys` counts the pods of a new version apart from those that they replace.
        """
        if self.replicas == 1:
            return []
        return [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict([self.pod_label])},
                "matchLabelKeys": ["pod-template-hash"],
            }
            for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
        ]


@dataclass(frozen=True, kw_only=True)
class Controller:
    """A controller of the cluster. Its Helm release and its namespace have the chart's name."""

    chart: Chart
    values: Mapping[str, object]
    deployments: tuple[ChartDeployment, ...]
    service_account: str
    chart_has_disruption_budget: bool = False
    """Whether the chart always creates a PodDisruptionBudget. A pod must not have two."""
    read_actions: tuple[str, ...] = ()
    """IAM actions that only read, and support no resource other than `*`."""
    statements: tuple[iam.PolicyStatement, ...] = ()
    """IAM statements with the resources that the controller uses."""
    wildcard_reason: str | None = None
    """The control that compensates for the resource `*` in a statement, for security reviewers."""

    @property
    def name(self) -> str:
        """The name of the release and of the namespace."""
        return self.chart.name
