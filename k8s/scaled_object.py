"""The ScaledObject of a service: KEDA takes over the service's HorizontalPodAutoscaler.

KEDA owns an autoscaler that it has taken over, and deletes it with the ScaledObject (keda #3154).
Every service therefore keeps its ScaledObject, with or without a request rate.
"""

from dataclasses import dataclass
from typing import Any

from constructs import Construct
from k8s.application import Service
from k8s.custom_resource import add_custom_resource
from k8s.horizontal_pod_autoscaler import SCALING_BEHAVIOR
from k8s.names import PART_OF, labels, object_name, shared_labels
from settings.delivery import Track
from settings.services import ServiceSettings

_API_VERSION = "keda.sh/v1alpha1"
_CLOUDWATCH_AUTHENTICATION = f"{PART_OF}-cloudwatch"
_PERIOD_SECONDS = 60
"""The load balancer publishes its metrics once a minute, at most one minute late. The query
therefore has a period of one minute, and ends one minute ago."""


@dataclass(frozen=True, kw_only=True)
class RequestCount:
    """The dimensions of a service's RequestCount metric. Each value may be a CDK token."""

    region: str
    load_balancer: str
    """The value of the dimension LoadBalancer, such as app/<name>/<id>."""
    target_group: str
    """The value of the dimension TargetGroup, such as targetgroup/<name>/<id>."""


def add_cloudwatch_authentication(scope: Construct) -> None:
    """Add the TriggerAuthentication: KEDA reads CloudWatch with its own EKS Pod Identity."""
    add_custom_resource(
        scope,
        "cloudwatch",
        api_version=_API_VERSION,
        kind="TriggerAuthentication",
        name=_CLOUDWATCH_AUTHENTICATION,
        labels=shared_labels(),
        spec={"podIdentity": {"provider": "aws"}},
    )


def add_scaled_object(
    scope: Construct,
    service: Service,
    settings: ServiceSettings,
    requests: RequestCount | None,
    track: Track = "blue",
    *,
    minimum: int | None = None,
) -> None:
    """Add the ScaledObject of a service.

    It takes over the HorizontalPodAutoscaler with the same name, and KEDA replaces the spec of that
    object. The ScaledObject therefore repeats its bounds, targets and behavior.

    Args:
        scope: The chart.
        service: The service to scale.
        settings: The bounds and targets.
        requests: The metric that counts the service's requests, if they scale it too.
        track: The track to scale.
        minimum: The minimum of the pods, instead of that of the settings. It may be a CDK token.
    """
    name = object_name(service.name, track)
    triggers = [
        _utilization_trigger("cpu", settings.cpu_target_percent),
        _utilization_trigger("memory", settings.memory_target_percent),
    ]
    if requests is not None:
        triggers.append(_request_rate_trigger(settings, requests))
    add_custom_resource(
        scope,
        "scaled-object",
        api_version=_API_VERSION,
        kind="ScaledObject",
        name=name,
        labels=labels(service.name, track),
        annotations={"scaledobject.keda.sh/transfer-hpa-ownership": "true"},
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicaCount": settings.replicas.minimum if minimum is None else minimum,
            "maxReplicaCount": settings.replicas.maximum,
            "advanced": {
                "horizontalPodAutoscalerConfig": {"name": name, "behavior": SCALING_BEHAVIOR}
            },
            "triggers": triggers,
        },
    )


def _utilization_trigger(resource: str, percent: int) -> dict[str, Any]:
    return {"type": resource, "metricType": "Utilization", "metadata": {"value": str(percent)}}


def _request_rate_trigger(settings: ServiceSettings, requests: RequestCount) -> dict[str, Any]:
    """Return the trigger that divides the requests of the target group by the number of pods.

    AverageValue divides the metric by the number of pods. RequestCountPerTarget is divided already,
    so the metric is RequestCount. A minute without data counts as zero requests.
    """
    return {
        "type": "aws-cloudwatch",
        "metricType": "AverageValue",
        "authenticationRef": {"name": _CLOUDWATCH_AUTHENTICATION},
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
