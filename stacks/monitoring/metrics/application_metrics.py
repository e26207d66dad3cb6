"""What CloudWatch's agent reads from the backend's /metrics, and makes metrics of.

The add-on's operator runs an agent for each `AmazonCloudWatchAgent` of the cluster. The add-on
makes the one on every node; this is one more, a single pod that finds the backend's pods and asks
them every minute: as many as there are nodes would count everything as often. It is not in the
add-on's own list of agents, whose pods all stand on the host's network: there it would collide with
the node's agent, and no network policy could tell it from the node.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from k8s.application import BACKEND
from k8s.names import NAMESPACE, component_labels, shared_labels

Manifest = dict[str, Any]

AGENT = "cloudwatch-agent-prometheus"
LOG_GROUP_KIND = "prometheus"

_METRICS_NAMESPACE = "ContainerInsights/Prometheus"
_PATH = "/metrics"
_ENVIRONMENT = {
    "K8S_NODE_NAME": "spec.nodeName",
    "HOST_IP": "status.hostIP",
    "HOST_NAME": "spec.nodeName",
    "K8S_NAMESPACE": "metadata.namespace",
}
"""What the agent knows of where it runs, as in the add-on's own."""
# Counters and gauges; CloudWatch's agent drops histograms ("Prometheus metric type conversion").
# The load balancer measures response times instead.
_REQUESTS = "http_requests_total"
_ERRORS = "http_requests_errors"
_WEB_SOCKETS = "websocket_active_connections"
_EVENT_LOOP_LAG = "nodejs_eventloop_lag_p99_seconds"
_NAMES = (_REQUESTS, _ERRORS, _WEB_SOCKETS, _EVENT_LOOP_LAG)


def agent(*, cluster_name: str, region: str, namespace: str, service_account: str) -> Manifest:
    """Return the agent as a Kubernetes object.

    Args:
        cluster_name: a dimension of the metrics, and part of the log group's name.
        region: where the metrics go; the pod cannot ask its node.
        namespace: the add-on's.
        service_account: has the permission to write, and may find pods.
    """
    metrics = {"prometheus": _conversion(cluster_name)}
    configuration = {"agent": {"region": region}, "logs": {"metrics_collected": metrics}}
    return {
        "apiVersion": "cloudwatch.aws.amazon.com/v1alpha1",
        "kind": "AmazonCloudWatchAgent",
        "metadata": {"name": AGENT, "namespace": namespace, "labels": shared_labels()},
        "spec": {
            # No image: the operator takes the one of its own version.
            "mode": "deployment",
            "replicas": 1,
            "serviceAccount": service_account,
            "config": json.dumps(configuration),
            "prometheus": {"config": _scraping()},
            "env": [_from_pod(name, field) for name, field in _ENVIRONMENT.items()],
            "resources": {
                "requests": {"cpu": "50m", "memory": "128Mi"},
                "limits": {"memory": "256Mi"},
            },
        },
    }


class ApplicationMetrics:
    """The metrics themselves, of all pods of the backend together, minute by minute."""

    def __init__(self, cluster_name: str) -> None:
        """Name the cluster, which tells stages apart."""
        self._cluster_name = cluster_name
        self.requests = self._metric(_REQUESTS, "Sum", "Counted by pods")
        """Health checks included, which the load balancer's count leaves out."""
        self.errors = self._metric(_ERRORS, "Sum", "4xx and 5xx, by pods")
        self.connections = self._metric(_WEB_SOCKETS, "Sum", "WebSockets")
        """Each pod tells its own once a minute."""
        self.event_loop_lag = self._metric(_EVENT_LOOP_LAG, "Maximum", "Event loop lag")
        """How long the busiest pod lets a request wait before it begins with it, in seconds."""

    def _metric(self, name: str, statistic: str, label: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=_METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"ClusterName": self._cluster_name, "job": BACKEND.name},
            statistic=statistic,
            label=label,
            period=cdk.Duration.minutes(1),
        )


def _conversion(cluster_name: str) -> Mapping[str, Any]:
    """Return how samples become metrics: log events in the embedded metric format."""
    return {
        "cluster_name": cluster_name,
        "log_group_name": f"/aws/containerinsights/{cluster_name}/{LOG_GROUP_KIND}",
        "prometheus_config_path": "/etc/prometheusconfig/prometheus.yaml",
        "emf_processor": {
            "metric_namespace": _METRICS_NAMESPACE,
            "metric_declaration_dedup": True,
            "metric_declaration": [
                {
                    "source_labels": ["job"],
                    "label_matcher": f"^{BACKEND.name}$",
                    "dimensions": [["ClusterName", "job"]],
                    "metric_selectors": [f"^{name}$" for name in _NAMES],
                }
            ],
        },
    }


def _scraping() -> Mapping[str, Any]:
    """Return Prometheus' configuration: whom to ask, and what to keep of the answer.

    Every sample that is kept becomes a log event, whether or not it becomes a metric.
    """
    return {
        "global": {"scrape_interval": "1m", "scrape_timeout": "10s"},
        "scrape_configs": [
            {
                "job_name": BACKEND.name,
                "metrics_path": _PATH,
                "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [NAMESPACE]}}],
                "relabel_configs": [
                    *(
                        _keep([f"__meta_kubernetes_pod_label_{_word(label)}"], value)
                        for label, value in component_labels(BACKEND.name).items()
                    ),
                    _keep(["__meta_kubernetes_pod_container_port_number"], str(BACKEND.port)),
                    _keep(["__meta_kubernetes_pod_phase"], "Running"),
                ],
                "metric_relabel_configs": [_keep(["__name__"], "|".join(_NAMES))],
            }
        ],
    }


def _from_pod(name: str, field: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}


def _keep(source_labels: Sequence[str], regex: str) -> dict[str, Any]:
    return {"source_labels": list(source_labels), "regex": regex, "action": "keep"}


def _word(label: str) -> str:
    """Return a label's name as Prometheus spells it: everything but letters becomes `_`."""
    return "".join(letter if letter.isalnum() else "_" for letter in label)
