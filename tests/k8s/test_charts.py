"""The charts: valid for the API server, and as the design asks."""

import kubernetes_validate
import pytest

from tests.synthesis import SynthesizedStage

SERVICES = ("backend", "frontend")


@pytest.mark.parametrize("version", ["1.28", None])
def test_every_object_is_valid_for_the_design_version_and_the_stages_own(
    stage: SynthesizedStage, version: str | None
) -> None:
    for item in stage.manifests():
        kubernetes_validate.validate(
            item, version or stage.settings.cluster.kubernetes_version, strict=True
        )


@pytest.mark.parametrize("service", SERVICES)
def test_a_deployment_leaves_its_replicas_to_the_autoscaler(
    stage: SynthesizedStage, service: str
) -> None:
    made = stage.manifest("Deployment", f"spywatcher-{service}")
    assert "replicas" not in made["spec"]
    scaler = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    assert scaler["scaleTargetRef"]["name"] == made["metadata"]["name"]


@pytest.mark.parametrize("service", SERVICES)
def test_selectors_match_the_pods(stage: SynthesizedStage, service: str) -> None:
    name = f"spywatcher-{service}"
    made = stage.manifest("Deployment", name)["spec"]
    pod_labels = made["template"]["metadata"]["labels"].items()
    assert made["selector"]["matchLabels"].items() <= pod_labels
    assert stage.manifest("Service", name)["spec"]["selector"].items() <= pod_labels
    budget = stage.manifest("PodDisruptionBudget", name)["spec"]
    assert budget["selector"]["matchLabels"].items() <= pod_labels


@pytest.mark.parametrize("service", SERVICES)
def test_scaling_starts_at_70_percent_cpu_and_80_percent_memory(
    stage: SynthesizedStage, service: str
) -> None:
    metrics = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]["metrics"]
    targets = {
        metric["resource"]["name"]: metric["resource"]["target"]["averageUtilization"]
        for metric in metrics
    }
    assert targets == {"cpu": 70, "memory": 80}


@pytest.mark.parametrize("service", SERVICES)
def test_one_pod_stays_available(production: SynthesizedStage, service: str) -> None:
    budget = production.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["minAvailable"] == 1
    assert "maxUnavailable" not in budget


@pytest.mark.parametrize("service", SERVICES)
def test_a_single_pod_does_not_block_the_drain_of_its_node(
    staging: SynthesizedStage, service: str
) -> None:
    budget = staging.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget


def test_images_are_parameters_so_that_a_deploy_keeps_the_release(stage: SynthesizedStage) -> None:
    parameters = stage.templates["workloads"]["Parameters"]
    for service in SERVICES:
        pod = stage.manifest("Deployment", f"spywatcher-{service}")["spec"]["template"]["spec"]
        name = f"{service.capitalize()}Image"
        assert pod["containers"][0]["image"] == f"${{{name}}}"
        assert parameters[name]["Default"] == getattr(stage.settings.services, service).image
