"""The registration of pods with the target groups of the load balancer."""

import dataclasses

import pytest

from k8s.application import BACKEND, FRONTEND, Service
from k8s.charts import target_group_binding_chart
from k8s.target_group_binding import binding_name
from tests.k8s.objects import pod_spec
from tests.synthesis import SynthesizedStage


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_pods_are_registered_with_the_target_group_of_their_service(
    stage: SynthesizedStage, service: Service
) -> None:
    spec = stage.manifest("TargetGroupBinding", binding_name(service))["spec"]
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


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_a_replaced_target_group_brings_another_binding(
    stage: SynthesizedStage, service: Service
) -> None:
    """Another port replaces the target group, whose ARN a binding cannot change."""
    moved = dataclasses.replace(service, port=8080)
    (binding,) = target_group_binding_chart(service, target_group_arn="arn")
    (replacement,) = target_group_binding_chart(moved, target_group_arn="arn2")
    assert binding["metadata"]["name"] != replacement["metadata"]["name"]
    bindings = [
        logical_id
        for logical_id in stage.resources("workloads", "Custom::AWSCDK-EKS-KubernetesResource")
        if logical_id.startswith(f"{service.name.capitalize()}Binding{service.port}")
    ]
    assert len(bindings) == 1, "another port gives the manifest another logical id"


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_a_new_pod_is_ready_only_as_a_healthy_target_even_without_the_webhook(
    stage: SynthesizedStage, service: Service
) -> None:
    gates = pod_spec(stage, service.name)["readinessGates"]
    name = stage.manifest("TargetGroupBinding", binding_name(service))["metadata"]["name"]
    assert gates == [{"conditionType": f"target-health.elbv2.k8s.aws/{name}"}]


def test_the_webhook_of_the_controller_adds_the_gate_to_pods_too(
    stage: SynthesizedStage,
) -> None:
    labels = stage.manifest("Namespace", "spywatcher")["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"
