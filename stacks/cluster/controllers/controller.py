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


@dataclass(frozen=True, kw_only=True)
class ChartDeployment:
    """A Deployment of a Helm chart: its replicas, and what each pod requests."""

    name: str
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

    def disruption_budget(self) -> dict[str, int]:
        """Return the Helm values of the PodDisruptionBudget.

        A single pod has no budget, which would block every drain of its node.
        """
        return {"maxUnavailable": 1} if self.replicas > 1 else {}


@dataclass(frozen=True, kw_only=True)
class Controller:
    """A controller of the cluster. Its Helm release and its namespace have the chart's name."""

    chart: Chart
    values: Mapping[str, object]
    deployments: tuple[ChartDeployment, ...]
    service_account: str
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
