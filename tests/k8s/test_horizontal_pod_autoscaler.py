"""INFRASTRUCTURE.md, Horizontal Scaling: CPU > 70%, memory > 80%, and the limits."""

import pytest

from tests.k8s.objects import SERVICES, Object, deployment_spec
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

each_service = pytest.mark.parametrize("service", SERVICES)


def autoscaler(stage: SynthesizedStage, service: str) -> Object:
    spec: Object = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    return spec


@pytest.mark.parametrize(
    "name, service, limits",
    [
        ("production", "backend", (2, 10)),
        ("production", "frontend", (2, 5)),
        ("staging", "backend", (1, 3)),
        ("staging", "frontend", (1, 2)),
    ],
)
def test_the_number_of_pods_has_the_limits_of_the_design(
    request: pytest.FixtureRequest, name: str, service: str, limits: tuple[int, int]
) -> None:
    spec = autoscaler(request.getfixturevalue(name), service)
    assert (spec["minReplicas"], spec["maxReplicas"]) == limits


@each_service
def test_a_deployment_leaves_its_replicas_to_the_autoscaler(
    stage: SynthesizedStage, service: str
) -> None:
    assert "replicas" not in deployment_spec(stage, service)
    target = autoscaler(stage, service)["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", f"spywatcher-{service}")


@pytest.mark.parametrize("name, counts", [("production", (3, 2)), ("staging", (1, 1))])
def test_the_first_deployment_starts_the_number_of_pods_of_the_design(
    request: pytest.FixtureRequest, name: str, counts: tuple[int, int]
) -> None:
    stage: SynthesizedStage = request.getfixturevalue(name)
    patches = [
        resource["Properties"]
        for resource in stage.resources("workloads", "Custom::AWSCDK-EKS-KubernetesPatch").values()
    ]
    parameters = stage.templates["workloads"]["Parameters"]
    assert {patch["ResourceName"]: as_text(patch["ApplyPatchJson"]) for patch in patches} == {
        f"deployment/spywatcher-{service}": (
            f'{{"spec":{{"replicas":${{{service.capitalize()}InitialReplicas}}}}}}'
        )
        for service in SERVICES
    }
    assert counts == tuple(
        parameters[f"{service.capitalize()}InitialReplicas"]["Default"] for service in SERVICES
    )
    assert {patch["RestorePatchJson"] for patch in patches} == {"{}"}


@each_service
def test_services_scale_at_70_percent_cpu_and_80_percent_memory(
    stage: SynthesizedStage, service: str
) -> None:
    targets = {
        metric["resource"]["name"]: metric["resource"]["target"]["averageUtilization"]
        for metric in autoscaler(stage, service)["metrics"]
    }
    assert targets == {"cpu": 70, "memory": 80}


@each_service
def test_services_scale_up_fast_and_down_slowly(stage: SynthesizedStage, service: str) -> None:
    assert autoscaler(stage, service)["behavior"] == {
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
