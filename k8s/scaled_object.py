"""Scaling by the rate of requests: KEDA, over the HorizontalPodAutoscaler of a service."""

from dataclasses import dataclass
from typing import Any

import cdk8s

from constructs import Construct
from k8s.application import Service
from k8s.custom_resource import custom_resource
from k8s.horizontal_pod_autoscaler import DOWN, UP, Behaviour
from k8s.names import PART_OF, Track, labels, object_name, shared_labels
from settings.services import ServiceSettings

_API_VERSION = "keda.sh/v1alpha1"
_CLOUDWATCH = f"{PART_OF}-cloudwatch"
_PERIOD_SECONDS = 60
"""The load balancer writes its counts once a minute, a minute late at most: both are the period
and the offset of what is asked for."""


@dataclass(frozen=True, kw_only=True)
class RequestCount:
    """Where CloudWatch counts a service's requests; may hold placeholders of CloudFormation."""

    region: str
    load_balancer: str
    """Its dimension's value, app/<name>/<id>."""
    target_group: str
    """Its dimension's value, targetgroup/<name>/<id>."""


def cloudwatch_authentication(scope: Construct) -> cdk8s.ApiObject:
    """Let the ScaledObjects ask CloudWatch as KEDA itself does, by EKS Pod Identity."""
    return custom_resource(
        scope,
        "cloudwatch",
        api_version=_API_VERSION,
        kind="TriggerAuthentication",
        name=_CLOUDWATCH,
        labels=shared_labels(),
        spec={"podIdentity": {"provider": "aws"}},
    )


def scaled_object(
    scope: Construct,
    service: Service,
    settings: ServiceSettings,
    requests: RequestCount,
    track: Track = "blue",
) -> cdk8s.ApiObject:
    """Make the ScaledObject. It takes the service's HorizontalPodAutoscaler over, by its name.

    KEDA replaces the spec of what it takes over, so that everything is said again here.

    Args:
        scope: the chart.
        service: what is scaled.
        settings: its bounds and targets; `requests_per_minute_per_pod` is set.
        requests: where its requests are counted.
        track: which of the two that a release moves traffic between.
    """
    name = object_name(service.name, track)
    return custom_resource(
        scope,
        "scaled-object",
        api_version=_API_VERSION,
        kind="ScaledObject",
        name=name,
        labels=labels(service.name, track),
        annotations={"scaledobject.keda.sh/transfer-hpa-ownership": "true"},
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicaCount": settings.replicas.minimum,
            "maxReplicaCount": settings.replicas.maximum,
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "name": name,
                    "behavior": {"scaleUp": _rules(UP), "scaleDown": _rules(DOWN)},
                }
            },
            "triggers": [
                _utilization("cpu", settings.cpu_target_percent),
                _utilization("memory", settings.memory_target_percent),
                _requests(settings, requests),
            ],
        },
    )


def _utilization(resource: str, percent: int) -> dict[str, Any]:
    return {"type": resource, "metricType": "Utilization", "metadata": {"value": str(percent)}}


def _requests(settings: ServiceSettings, requests: RequestCount) -> dict[str, Any]:
    """Return the trigger: all requests of the target group, divided by its pods once.

    RequestCountPerTarget would be divided a second time. No data means no requests.
    """
    return {
        "type": "aws-cloudwatch",
        "metricType": "AverageValue",
        "authenticationRef": {"name": _CLOUDWATCH},
        "metadata": {
            "awsRegion": requests.region,
            "namespace": "AWS/ApplicationELB",
            "metricName": "RequestCount",
            "dimensionName": "LoadBalancer;TargetGroup",
            "dimensionValue": f"{requests.load_balancer};{requests.target_group}",
            "metricStat": "Sum",
            "metricStatPeriod": str(_PERIOD_SECONDS),
            "metricCollectionTime": str(2 * _PERIOD_SECONDS),
            "metricEndTimeOffset": str(_PERIOD_SECONDS),
            "minMetricValue": "0",
            "targetMetricValue": str(settings.requests_per_minute_per_pod),
        },
    }


def _rules(behaviour: Behaviour) -> dict[str, Any]:
    return {
        "stabilizationWindowSeconds": behaviour.stable_seconds,
        "selectPolicy": behaviour.select,
        "policies": [
            {"type": kind, "value": value, "periodSeconds": behaviour.period_seconds}
            for kind, value in (("Percent", behaviour.percent), ("Pods", behaviour.pods))
        ],
    }
