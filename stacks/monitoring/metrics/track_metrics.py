"""Metrics of services whose pods are on one track, or on two."""

from aws_cdk import aws_cloudwatch as cloudwatch

from k8s.application import Service
from settings.delivery import Track
from stacks.monitoring.monitored_resources import TrackTargets
from stacks.shared.alarm_factory import MINUTE


def healthy_pods(targets: TrackTargets, *, statistic: str) -> cloudwatch.IMetric:
    """Return the number of healthy pods on all tracks.

    The target group of a track that does not run has no target, and reports nothing.
    """
    metrics: dict[str, cloudwatch.IMetric] = {
        track: group.metrics.healthy_host_count(statistic=statistic, period=MINUTE)
        for track, group in targets.items()
    }
    if len(metrics) == 1:
        return metrics["blue"]
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({track}, 0)" for track in metrics),
        using_metrics=metrics,
        label="Healthy pods",
        period=MINUTE,
    )


def track_name(service: Service, track: Track, targets: TrackTargets) -> str:
    """Return the name of a track in a graph. A service with one track has only its own name."""
    return service.name if len(targets) == 1 else f"{service.name} {track}"
