"""The CloudWatch agents: the one that scrapes the backend's /metrics, and those on the nodes.

The operator of the Amazon CloudWatch Observability add-on runs an agent for each
`AmazonCloudWatchAgent` object in the cluster. The add-on creates one that runs on every node. This
module adds one with a single replica, because an agent on every node would scrape each pod once
for every node. The add-on's configuration cannot create it: the add-on's agents use the host
network. There, the ports of two agents would conflict, and no network policy could select this one.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from k8s.application import BACKEND
from k8s.names import NAMESPACE, component_labels, shared_labels
from settings.names import container_insights_log_group
from settings.versions import CLOUDWATCH_AGENT

Manifest = dict[str, Any]

LOG_GROUP_SUFFIX = "prometheus"
"""The last part of the name of the log group that the agent writes to."""

METRICS_NAMESPACE = "ContainerInsights/Prometheus"
# Counters and gauges only: the agent drops histograms ("Prometheus metric type conversion by the
# CloudWatch Agent"). The load balancer measures the response times instead.
REQUESTS = "http_requests_total"
ERRORS = "http_requests_errors"
WEB_SOCKETS = "websocket_active_connections"
EVENT_LOOP_LAG = "nodejs_eventloop_lag_p99_seconds"
_METRICS = (REQUESTS, ERRORS, WEB_SOCKETS, EVENT_LOOP_LAG)

_PATH = "/metrics"
_ENVIRONMENT = {
    "K8S_NODE_NAME": "spec.nodeName",
    "HOST_IP": "status.hostIP",
    "HOST_NAME": "spec.nodeName",
    "K8S_NAMESPACE": "metadata.namespace",
}
"""The environment variables that the add-on sets on its own agents, and their pod fields."""


def cloudwatch_agent(
    *, cluster_name: str, region: str, namespace: str, service_account: str
) -> Manifest:
    """Return the manifest of the agent.

    Args:
        cluster_name: A dimension of the metrics, and part of the log group's name.
        region: The region of the metrics. The pod cannot read it from the instance metadata.
        namespace: The namespace of the add-on.
        service_account: Its role allows writing logs, and its RBAC rules allow listing pods.
    """
    metrics = {"prometheus": _embedded_metric_format(cluster_name)}
    configuration = {"agent": {"region": region}, "logs": {"metrics_collected": metrics}}
    return {
        "apiVersion": "cloudwatch.aws.amazon.com/v1alpha1",
        "kind": "AmazonCloudWatchAgent",
        "metadata": {
            "name": "cloudwatch-agent-prometheus",
            "namespace": namespace,
            "labels": shared_labels(),
        },
        "spec": {
            # The operator of the add-on would use the image of its own build, which is older.
            "image": CLOUDWATCH_AGENT,
            "mode": "deployment",
            "replicas": 1,
            "serviceAccount": service_account,
            "config": json.dumps(configuration),
            "prometheus": {"config": _scrape_configuration()},
            "env": [
                *(_variable_from_field(name, path) for name, path in _ENVIRONMENT.items()),
                # Without the variable, the agent reads the instance metadata, which the hop limit
                # hides. It then assumes a server outside AWS, and looks for credentials in a file
                # (amazon-cloudwatch-agent v1.300070.0, translator/util/sdkutil.go). With it, the
                # agent uses the SDK's default credentials, which are those of EKS Pod Identity.
                {"name": "RUN_WITH_IRSA", "value": "True"},
            ],
            "resources": {
                "requests": {"cpu": "50m", "memory": "128Mi"},
                "limits": {"memory": "256Mi"},
            },
        },
    }


def node_agent_configuration(*, cluster_name: str, region: str) -> Mapping[str, Any]:
    """Return the configuration of the agents on the nodes for a cluster without Container Insights.

    The agents run all the same, because the add-on creates their service account with them, and
    Fluent Bit uses it. Without any pipeline, an agent ends at its start with "no valid pipelines"
    and restarts for ever (amazon-cloudwatch-agent v1.300070.0, tool/translator/translator.go).
    These agents send the output of the node's first start, a few kilobytes that Fluent Bit does
    not send.

    Args:
        cluster_name: part of the log group's name.
        region: the region of the log group.
    """
    log = {
        "file_path": "/rootfs/var/log/cloud-init-output.log",
        "log_group_name": container_insights_log_group(cluster_name, "host"),
        "log_stream_name": "{hostname}.cloud-init",
    }
    return {
        "agent": {"region": region},
        "logs": {"logs_collected": {"files": {"collect_list": [log]}}},
    }


def _embedded_metric_format(cluster_name: str) -> Mapping[str, Any]:
    """Return how the agent turns samples into metrics: as log events in this format."""
    return {
        "cluster_name": cluster_name,
        "log_group_name": container_insights_log_group(cluster_name, LOG_GROUP_SUFFIX),
        "prometheus_config_path": "/etc/prometheusconfig/prometheus.yaml",
        "emf_processor": {
            "metric_namespace": METRICS_NAMESPACE,
            "metric_declaration_dedup": True,
            "metric_declaration": [
                {
                    "source_labels": ["job"],
                    "label_matcher": f"^{BACKEND.name}$",
                    "dimensions": [["ClusterName", "job"]],
                    "metric_selectors": [f"^{name}$" for name in _METRICS],
                }
            ],
        },
    }


def _scrape_configuration() -> Mapping[str, Any]:
    """Return the Prometheus configuration.

    It drops every sample that no metric uses, because each one would become a billed log event.
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
                        _keep([f"__meta_kubernetes_pod_label_{_sanitized(label)}"], value)
                        for label, value in component_labels(BACKEND.name).items()
                    ),
                    _keep(["__meta_kubernetes_pod_container_port_number"], str(BACKEND.port)),
                    _keep(["__meta_kubernetes_pod_phase"], "Running"),
                ],
                "metric_relabel_configs": [_keep(["__name__"], "|".join(_METRICS))],
            }
        ],
    }


def _variable_from_field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _keep(source_labels: Sequence[str], regex: str) -> dict[str, Any]:
    return {"source_labels": list(source_labels), "regex": regex, "action": "keep"}


def _sanitized(label: str) -> str:
    """Return a label's name as Prometheus writes it: with `_` for all but letters and digits."""
    return "".join(letter if letter.isalnum() else "_" for letter in label)
