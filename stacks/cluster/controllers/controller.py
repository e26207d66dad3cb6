"""What a controller is: everything about one of them, declared in one place."""

from collections.abc import Mapping
from dataclasses import dataclass

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
"""For charts whose defaults are less than the Pod Security Standard `restricted`, which their
namespaces enforce."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """An IAM permission that knows its resource.

    Where a resource must hold a wildcard, `wildcard_because` says what makes up for it.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] | None = None
    wildcard_because: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Pods of one Deployment, and what each of them asks for."""

    name: str
    replicas: int
    cpu_request_millicores: int
    memory_request_mib: int

    def resources(self) -> dict[str, dict[str, str]]:
        """Return them in Kubernetes' words: at most twice the memory, any free processor."""
        return {
            "requests": {
                "cpu": f"{self.cpu_request_millicores}m",
                "memory": f"{self.memory_request_mib}Mi",
            },
            "limits": {"memory": f"{2 * self.memory_request_mib}Mi"},
        }

    def disruption_budget(self) -> dict[str, int]:
        """Return the budget of more than one pod; of a single one it would block every drain."""
        return {"maxUnavailable": 1} if self.replicas > 1 else {}


@dataclass(frozen=True, kw_only=True)
class Controller:
    """A Helm release in a namespace of its own, both called like the chart.

    `reads` are actions that know no narrower resource than `*`; `grants` know theirs.
    """

    chart: Chart
    values: Mapping[str, object]
    pods: tuple[Pods, ...]
    service_account: str
    reads: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    api_groups: tuple[str, ...] = ()
    """Of the custom resources that it brings: what needs them waits for it."""

    @property
    def name(self) -> str:
        """What release and namespace are called."""
        return self.chart.name
