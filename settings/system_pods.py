"""The pods of add-ons and controllers, and what each of them requests.

The Helm values in stacks/cluster/controllers set the requests of the controllers. The templates
leave the requests of the add-ons at their defaults, which come from these charts:

- aws-vpc-cni 1.23 (25m, and 25m for its network policy agent), EKS' kube-proxy and CoreDNS
- eks-pod-identity-agent, which requests nothing, and metrics-server 0.8
- amazon-cloudwatch-observability, the values `agent`, `fluentBit` and `manager`

Read on 2026-11-23. To compare them with a cluster:

    kubectl get pods -A -o custom-columns=POD:.metadata.name,REQUESTS:..resources.requests
"""

from typing import NamedTuple

from settings.capacity import Pod
from settings.cluster import ClusterSettings


class SystemWorkload(NamedTuple):
    """A DaemonSet or a Deployment, and the requests of each of its pods."""

    part_of: str
    """The EKS add-on or the Helm chart that installs it."""
    name: str
    cpu_request_millicores: int
    memory_request_mib: int
    replicas: int | None = None
    """The replicas of a Deployment. None means `cluster.controllers.replicas`."""

    def pod(self) -> Pod:
        """Return one of its pods."""
        return Pod(self.name, self.cpu_request_millicores, self.memory_request_mib)


DAEMON_SETS = (
    SystemWorkload("vpc-cni", "aws-node", 50, 0),
    SystemWorkload("kube-proxy", "kube-proxy", 100, 0),
    SystemWorkload("eks-pod-identity-agent", "eks-pod-identity-agent", 0, 0),
    SystemWorkload("amazon-cloudwatch-observability", "cloudwatch-agent", 250, 128),
    SystemWorkload("amazon-cloudwatch-observability", "fluent-bit", 50, 25),
)

DEPLOYMENTS = (
    SystemWorkload("coredns", "coredns", 100, 70, replicas=2),
    SystemWorkload("metrics-server", "metrics-server", 100, 200),
    SystemWorkload("amazon-cloudwatch-observability", "controller-manager", 100, 64, replicas=1),
    SystemWorkload("aws-load-balancer-controller", "aws-load-balancer-controller", 50, 128),
    SystemWorkload("cluster-autoscaler", "cluster-autoscaler", 50, 192),
    SystemWorkload("external-secrets", "external-secrets", 25, 96),
    SystemWorkload("external-secrets", "external-secrets-webhook", 10, 48),
    SystemWorkload("external-secrets", "external-secrets-cert-controller", 10, 64),
    SystemWorkload("keda", "keda-operator", 50, 128),
    SystemWorkload("keda", "keda-metrics-apiserver", 25, 96),
    SystemWorkload("keda", "keda-admission-webhooks", 10, 32),
    SystemWorkload("reloader", "reloader", 10, 96),
)

PROMETHEUS_AGENT = SystemWorkload(
    "amazon-cloudwatch-observability", "cloudwatch-agent-prometheus", 50, 128, replicas=1
)
"""The Deployment that reads the backend's metrics, if `cluster.application_metrics` is true."""


def daemon_set_pods() -> list[Pod]:
    """Return the pods that run on every node."""
    return [workload.pod() for workload in DAEMON_SETS]


def deployment_pods(cluster: ClusterSettings) -> list[Pod]:
    """Return the pods of the add-ons' and the controllers' Deployments."""
    optional = (PROMETHEUS_AGENT,) if cluster.application_metrics else ()
    return [
        workload.pod()
        for workload in (*DEPLOYMENTS, *optional)
        for _ in range(workload.replicas or cluster.controllers.replicas)
    ]
