"""The HorizontalPodAutoscaler of a service."""

from collections.abc import Mapping
from typing import Any

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, labels, object_name
from settings.delivery import Track
from settings.services import ServiceSettings

SCALING_BEHAVIOR: Mapping[str, Mapping[str, Any]] = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Percent", "value": 100, "periodSeconds": 30},
            {"type": "Pods", "value": 2, "periodSeconds": 30},
        ],
    },
    "scaleDown": {
        "stabilizationWindowSeconds": 300,
        "selectPolicy": "Min",
        "policies": [
            {"type": "Percent", "value": 50, "periodSeconds": 60},
            {"type": "Pods", "value": 1, "periodSeconds": 60},
        ],
    },
}
"""How fast the number of pods may change, as in the existing deployment (application.md).

The ScaledObject of a service repeats this value.
"""


def add_horizontal_pod_autoscaler(
    scope: Construct,
    service: Service,
    settings: ServiceSettings,
    track: Track = "blue",
    *,
    minimum: int | None = None,
) -> None:
    """Add the HorizontalPodAutoscaler of a service.

    Args:
        scope: The chart.
        service: The service to scale.
        settings: The bounds and targets.
        track: The track to scale.
        minimum: The minimum of the pods, instead of that of the settings. It may be a CDK token.
    """
    name = object_name(service.name, track)
    k8s.KubeHorizontalPodAutoscalerV2(
        scope,
        "autoscaler",
        metadata=k8s.ObjectMeta(name=name, namespace=NAMESPACE, labels=labels(service.name, track)),
        spec=k8s.HorizontalPodAutoscalerSpecV2(
            scale_target_ref=k8s.CrossVersionObjectReferenceV2(
                api_version="apps/v1", kind="Deployment", name=name
            ),
            min_replicas=settings.replicas.minimum if minimum is None else minimum,
            max_replicas=settings.replicas.maximum,
            metrics=[
                _utilization_metric("cpu", settings.cpu_target_percent),
                _utilization_metric("memory", settings.memory_target_percent),
            ],
            behavior=k8s.HorizontalPodAutoscalerBehaviorV2(
                scale_up=_scaling_rules(SCALING_BEHAVIOR["scaleUp"]),
                scale_down=_scaling_rules(SCALING_BEHAVIOR["scaleDown"]),
            ),
        ),
    )


def _utilization_metric(resource: str, percent: int) -> k8s.MetricSpecV2:
    """Return the metric whose target is a percentage of the pods' requests, on average."""
    target = k8s.MetricTargetV2(type="Utilization", average_utilization=percent)
    return k8s.MetricSpecV2(
        type="Resource", resource=k8s.ResourceMetricSourceV2(name=resource, target=target)
    )


def _scaling_rules(rules: Mapping[str, Any]) -> k8s.HpaScalingRulesV2:
    return k8s.HpaScalingRulesV2(
        stabilization_window_seconds=rules["stabilizationWindowSeconds"],
        select_policy=rules["selectPolicy"],
        policies=[
            k8s.HpaScalingPolicyV2(
                type=policy["type"], value=policy["value"], period_seconds=policy["periodSeconds"]
            )
            for policy in rules["policies"]
        ],
    )
