"""The HorizontalPodAutoscaler of a service."""

import cdk8s
import cdk8s_plus_28 as kplus

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, labels, object_name
from settings.services import ServiceSettings


def horizontal_pod_autoscaler(
    scope: Construct, service: Service, settings: ServiceSettings, target: kplus.Deployment
) -> kplus.HorizontalPodAutoscaler:
    """Make the autoscaler: up at once and fast, down after five quiet minutes and slowly."""
    percent = kplus.MetricTarget.average_utilization
    return kplus.HorizontalPodAutoscaler(
        scope,
        "autoscaler",
        metadata=cdk8s.ApiObjectMetadata(
            name=object_name(service.name), namespace=NAMESPACE, labels=labels(service.name)
        ),
        target=target,
        min_replicas=settings.replicas.minimum,
        max_replicas=settings.replicas.maximum,
        metrics=[
            kplus.Metric.resource_cpu(percent(settings.cpu_target_percent)),
            kplus.Metric.resource_memory(percent(settings.memory_target_percent)),
        ],
        scale_up=kplus.ScalingRules(
            strategy=kplus.ScalingStrategy.MAX_CHANGE,
            stabilization_window=cdk8s.Duration.seconds(0),
            policies=_policies(percent=100, pods=2, seconds=30),
        ),
        scale_down=kplus.ScalingRules(
            strategy=kplus.ScalingStrategy.MIN_CHANGE,
            stabilization_window=cdk8s.Duration.seconds(300),
            policies=_policies(percent=50, pods=1, seconds=60),
        ),
    )


def _policies(*, percent: int, pods: int, seconds: int) -> list[kplus.ScalingPolicy]:
    duration = cdk8s.Duration.seconds(seconds)
    return [
        kplus.ScalingPolicy(replicas=kplus.Replicas.percent(percent), duration=duration),
        kplus.ScalingPolicy(replicas=kplus.Replicas.absolute(pods), duration=duration),
    ]
