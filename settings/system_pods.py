"""What runs in the cluster beside the application, and what each of its pods requests.

Checked 2026-11-23. Controllers request what their Helm values say (stacks/controllers). Add-ons
request what they do by default, and the templates leave that alone: the VPC CNI's chart 1.23 (25m,
and as much for the agent of network policies), EKS' kube-proxy and CoreDNS, the charts of
eks-pod-identity-agent (nothing) and metrics-server 0.8, and the values `agent`, `fluentBit` and
`manager` of the chart amazon-cloudwatch-observability. With a cluster:

    kubectl get pods -A -o custom-columns=POD:.metadata.name,REQUESTS:..resources.requests
"""

from typing import NamedTuple


class SystemPods(NamedTuple):
    """Pods of one DaemonSet or Deployment."""

    part_of: str
    """The add-on or the Helm chart that brings them."""
    name: str
    cpu_request_millicores: int
    memory_request_mib: int
    replicas: int | None = None
    """Of a Deployment; None for as many as `cluster.controllers.replicas` says."""


DAEMONS = (
    SystemPods("vpc-cni", "aws-node", 50, 0),
    SystemPods("kube-proxy", "kube-proxy", 100, 0),
    SystemPods("eks-pod-identity-agent", "eks-pod-identity-agent", 0, 0),
    SystemPods("amazon-cloudwatch-observability", "cloudwatch-agent", 250, 128),
    SystemPods("amazon-cloudwatch-observability", "fluent-bit", 50, 25),
)
"""One of each on every node."""

DEPLOYMENTS = (
    SystemPods("coredns", "coredns", 100, 70, replicas=2),
    SystemPods("metrics-server", "metrics-server", 100, 200),
    SystemPods("amazon-cloudwatch-observability", "controller-manager", 100, 64, replicas=1),
    SystemPods("aws-load-balancer-controller", "aws-load-balancer-controller", 50, 128),
    SystemPods("cluster-autoscaler", "cluster-autoscaler", 50, 192),
    SystemPods("external-secrets", "external-secrets", 25, 96),
    SystemPods("external-secrets", "external-secrets-webhook", 10, 48),
    SystemPods("external-secrets", "external-secrets-cert-controller", 10, 64),
    SystemPods("keda", "keda-operator", 50, 128),
    SystemPods("keda", "keda-metrics-apiserver", 25, 96),
    SystemPods("keda", "keda-admission-webhooks", 10, 32),
    SystemPods("reloader", "reloader", 10, 96),
)
"""On any node."""

METRICS_READER = SystemPods(
    "amazon-cloudwatch-observability", "cloudwatch-agent-prometheus", 50, 128, replicas=1
)
"""On any node, where `cluster.application_metrics` asks for it."""
