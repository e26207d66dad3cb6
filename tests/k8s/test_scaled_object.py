"""INFRASTRUCTURE.md, Horizontal Scaling: custom metrics (request rate)."""

import pytest

from tests.k8s.objects import SERVICES, objects, objects_of_kind
from tests.synthesis import SynthesizedStage


@pytest.mark.parametrize("service", SERVICES)
def test_the_scaled_object_repeats_the_autoscaler_that_it_takes_over(
    stage: SynthesizedStage, service: str
) -> None:
    """KEDA replaces the spec of an autoscaler that it takes over."""
    scaled_object = stage.manifest("ScaledObject", f"spywatcher-{service}")
    autoscaler = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    assert scaled_object["metadata"]["annotations"] == {
        "scaledobject.keda.sh/transfer-hpa-ownership": "true"
    }
    spec = scaled_object["spec"]
    assert spec["advanced"]["horizontalPodAutoscalerConfig"] == {
        "name": f"spywatcher-{service}",
        "behavior": autoscaler["behavior"],
    }
    assert spec["scaleTargetRef"] == autoscaler["scaleTargetRef"]
    assert spec["minReplicaCount"] == autoscaler["minReplicas"]
    assert spec["maxReplicaCount"] == autoscaler["maxReplicas"]
    utilization = {
        trigger["type"]: int(trigger["metadata"]["value"])
        for trigger in spec["triggers"]
        if trigger["type"] in ("cpu", "memory")
    }
    assert utilization == {
        metric["resource"]["name"]: metric["resource"]["target"]["averageUtilization"]
        for metric in autoscaler["metrics"]
    }


def test_no_object_has_two_writers(stage: SynthesizedStage) -> None:
    """An operator writes each Secret, and KEDA each autoscaler. An autoscaler sets the replicas."""
    items = objects(stage)
    assert "Secret" not in {item["kind"] for item in items}
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        names = {item["metadata"]["name"] for item in objects_of_kind(stage, kind)}
        assert names == {f"spywatcher-{service}" for service in SERVICES}
    for deployment in objects_of_kind(stage, "Deployment"):
        assert "replicas" not in deployment["spec"]


def test_the_requests_of_the_target_group_are_divided_by_the_number_of_pods_once(
    stage: SynthesizedStage,
) -> None:
    trigger = stage.manifest("ScaledObject", "spywatcher-backend")["spec"]["triggers"][2]
    metadata = trigger["metadata"]
    assert trigger["metricType"] == "AverageValue"
    assert (metadata["metricName"], metadata["metricStat"]) == ("RequestCount", "Sum")
    assert metadata["metricStatPeriod"] == metadata["metricEndTimeOffset"] == "60"
    assert metadata["dimensionName"].split(";") == ["LoadBalancer", "TargetGroup"]
    load_balancer, target_group = metadata["dimensionValue"].split(";")
    assert "LoadBalancerFullName" in load_balancer
    assert "TargetGroupFullName" in target_group
    assert metadata["targetMetricValue"] == str(
        stage.settings.services.backend.requests_per_minute_per_pod
    )
    authentication = stage.manifest("TriggerAuthentication", trigger["authenticationRef"]["name"])
    assert authentication["spec"] == {"podIdentity": {"provider": "aws"}}


def test_a_service_without_a_request_rate_is_scaled_by_cpu_and_memory(
    stage: SynthesizedStage,
) -> None:
    assert stage.settings.services.frontend.requests_per_minute_per_pod is None
    triggers = stage.manifest("ScaledObject", "spywatcher-frontend")["spec"]["triggers"]
    assert [trigger["type"] for trigger in triggers] == ["cpu", "memory"]
