"""INFRASTRUCTURE.md, High Availability: pod disruption budgets (min 1 available)."""

import pytest

from tests.k8s.objects import SERVICES, deployment_spec
from tests.synthesis import SynthesizedStage

each_service = pytest.mark.parametrize("service", SERVICES)


@each_service
def test_one_pod_stays_available_in_production(production: SynthesizedStage, service: str) -> None:
    budget = production.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["minAvailable"] == 1
    assert "maxUnavailable" not in budget


@each_service
def test_the_budget_of_a_single_pod_does_not_block_the_drain_of_its_node(
    staging: SynthesizedStage, service: str
) -> None:
    budget = staging.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget


@each_service
def test_unready_pods_never_block_the_drain_of_a_node(
    stage: SynthesizedStage, service: str
) -> None:
    budget = stage.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@each_service
def test_a_budget_lets_a_pod_go_at_minimum_replicas(stage: SynthesizedStage, service: str) -> None:
    minimum = stage.settings.services.by_name()[service].replicas.minimum
    budget = stage.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget.get("maxUnavailable", minimum - budget.get("minAvailable", 0)) >= 1


@each_service
def test_a_budget_selects_the_pods_of_its_service(stage: SynthesizedStage, service: str) -> None:
    labels = deployment_spec(stage, service)["template"]["metadata"]["labels"].items()
    budget = stage.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["selector"]["matchLabels"].items() <= labels
