"""The application's namespace: its security standard, limits and priority class."""

import pytest

from tests.k8s.objects import amount
from tests.synthesis import SynthesizedStage


@pytest.mark.parametrize("mode", ["enforce", "audit", "warn"])
def test_the_namespace_has_the_restricted_pod_security_standard(
    stage: SynthesizedStage, mode: str
) -> None:
    labels = stage.manifest("Namespace", "spywatcher")["metadata"]["labels"]
    assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_the_namespace_has_the_quota_of_the_existing_deployment(stage: SynthesizedStage) -> None:
    hard = stage.manifest("ResourceQuota", "spywatcher")["spec"]["hard"]
    assert {name: amount(value) for name, value in hard.items()} == {
        "requests.cpu": 20,
        "limits.cpu": 40,
        "requests.memory": 40 * 2**30,
        "limits.memory": 80 * 2**30,
        "services.nodeports": 0,
        "services.loadbalancers": 0,
    }


@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_a_container_without_requests_and_limits_gets_defaults(
    stage: SynthesizedStage, resource: str
) -> None:
    (limits,) = stage.manifest("LimitRange", "spywatcher")["spec"]["limits"]
    assert limits["type"] == "Container"
    assert amount(limits["defaultRequest"][resource]) <= amount(limits["default"][resource])


def test_pods_of_the_application_have_priority_and_preempt_no_pod(stage: SynthesizedStage) -> None:
    priority_class = stage.manifest("PriorityClass", "spywatcher")
    assert priority_class["value"] > 0
    assert priority_class["preemptionPolicy"] == "Never"
    assert priority_class["globalDefault"] is False
