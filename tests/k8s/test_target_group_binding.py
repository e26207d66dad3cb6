"""The registration of pods with the target groups of the load balancer."""

import pytest

from k8s.application import BACKEND, FRONTEND, Service
from tests.synthesis import SynthesizedStage


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_pods_are_registered_with_the_target_group_of_their_service(
    stage: SynthesizedStage, service: Service
) -> None:
    spec = stage.manifest("TargetGroupBinding", f"spywatcher-{service.name}")["spec"]
    groups = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup")
    ((logical_id, properties),) = [
        (logical_id, group["Properties"])
        for logical_id, group in groups.items()
        if group["Properties"]["Port"] == service.port
    ]
    assert spec["targetGroupARN"] == f"${{{logical_id}}}"
    assert properties["TargetType"] == spec["targetType"] == "ip"
    reference = spec["serviceRef"]
    ports = stage.manifest("Service", reference["name"])["spec"]["ports"]
    assert [port["port"] for port in ports] == [reference["port"]]


def test_a_new_pod_becomes_ready_when_the_load_balancer_sends_requests_to_it(
    stage: SynthesizedStage,
) -> None:
    labels = stage.manifest("Namespace", "spywatcher")["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"
