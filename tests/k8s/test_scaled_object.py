"""INFRASTRUCTURE.md, Horizontal Scaling: custom metrics (request rate)."""

from tests.k8s.objects import objects_of_kind
from tests.synthesis import SynthesizedStage


def test_the_scaled_object_repeats_the_autoscaler_that_it_takes_over(
    stage: SynthesizedStage,
) -> None:
    """KEDA replaces the spec of an autoscaler that it takes over."""
    scaled_object = stage.manifest("ScaledObject", "spywatcher-backend")
    autoscaler = stage.manifest("HorizontalPodAutoscaler", "spywatcher-backend")["spec"]
    assert scaled_object["metadata"]["annotations"] == {
        "scaledobject.keda.sh/transfer-hpa-ownership": "true"
    }
    spec = scaled_object["spec"]
    assert spec["advanced"]["horizontalPodAutoscalerConfig"] == {
        "name": "spywatcher-backend",
        "behavior": autoscaler["behavior"],
    }
    assert spec["scaleTargetRef"] == autoscaler["scaleTargetRef"]
    assert spec["minReplicaCount"] == autoscaler["minReplicas"]
    assert spec["maxReplicaCount"] == autoscaler["maxReplicas"]
    utilization = {
        trigger["type"]: trigger["metadata"]["value"] for trigger in spec["triggers"][:2]
    }
    assert utilization == {"cpu": "70", "memory": "80"}


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


def test_a_service_without_a_request_rate_has_no_scaled_object(stage: SynthesizedStage) -> None:
    assert stage.settings.services.frontend.requests_per_minute_per_pod is None
    names = [item["metadata"]["name"] for item in objects_of_kind(stage, "ScaledObject")]
    assert names == ["spywatcher-backend"]
