"""The HorizontalPodAutoscaler of a service."""

from dataclasses import dataclass
from typing import Literal

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, Track, labels, object_name
from settings.services import ServiceSettings


@dataclass(frozen=True)
class Behaviour:
    """How fast the number of pods may change, as the existing deployment has it."""

    stable_seconds: int
    """How long the need must last."""
    percent: int
    pods: int
    period_seconds: int
    select: Literal["Max", "Min"]
    """Which of the two bounds holds, the larger or the smaller one."""


UP = Behaviour(stable_seconds=0, percent=100, pods=2, period_seconds=30, select="Max")
DOWN = Behaviour(stable_seconds=300, percent=50, pods=1, period_seconds=60, select="Min")


def horizontal_pod_autoscaler(
    scope: Construct, service: Service, settings: ServiceSettings, track: Track = "blue"
) -> k8s.KubeHorizontalPodAutoscalerV2:
    """Make the autoscaler: up at once and fast, down after five quiet minutes and slowly."""
    name = object_name(service.name, track)
    return k8s.KubeHorizontalPodAutoscalerV2(
        scope,
        "autoscaler",
        metadata=k8s.ObjectMeta(name=name, namespace=NAMESPACE, labels=labels(service.name, track)),
        spec=k8s.HorizontalPodAutoscalerSpecV2(
            scale_target_ref=k8s.CrossVersionObjectReferenceV2(
                api_version="apps/v1", kind="Deployment", name=name
            ),
            min_replicas=settings.replicas.minimum,
            max_replicas=settings.replicas.maximum,
            metrics=[
                _resource("cpu", settings.cpu_target_percent),
                _resource("memory", settings.memory_target_percent),
            ],
            behavior=k8s.HorizontalPodAutoscalerBehaviorV2(
                scale_up=_rules(UP), scale_down=_rules(DOWN)
            ),
        ),
    )


def _resource(name: str, percent: int) -> k8s.MetricSpecV2:
    """Return a metric: the percentage of what the pods ask for, on average."""
    target = k8s.MetricTargetV2(type="Utilization", average_utilization=percent)
    resource = k8s.ResourceMetricSourceV2(name=name, target=target)
    return k8s.MetricSpecV2(type="Resource", resource=resource)


def _rules(behaviour: Behaviour) -> k8s.HpaScalingRulesV2:
    kinds = (("Percent", behaviour.percent), ("Pods", behaviour.pods))
    return k8s.HpaScalingRulesV2(
        stabilization_window_seconds=behaviour.stable_seconds,
        select_policy=behaviour.select,
        policies=[
            k8s.HpaScalingPolicyV2(type=kind, value=value, period_seconds=behaviour.period_seconds)
            for kind, value in kinds
        ],
    )
