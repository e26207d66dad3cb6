"""The declaration of a controller, compared with the Helm values."""

import pytest

from stacks.cluster.controllers.controller import ChartDeployment, Controller
from stacks.cluster.controllers.external_secrets import external_secrets
from stacks.cluster.controllers.keda import keda
from stacks.cluster.controllers.reloader import reloader
from tests.stacks.cluster.resources import nested_mappings


@pytest.mark.parametrize(
    "controller",
    [
        keda(replicas=2),
        reloader(replicas=2),
        external_secrets(secret_arns=["a"], secrets_key_arn="k", secrets_manager="s", replicas=2),
    ],
    ids=lambda controller: controller.name,
)
def test_the_helm_values_contain_the_declared_requests(controller: Controller) -> None:
    """The simulation of scheduling uses the declared requests (settings/system_pods.py)."""
    found = [m for m in nested_mappings(dict(controller.values)) if "requests" in m]
    assert found == [deployment.resources() for deployment in controller.deployments]
    assert all(deployment.replicas == 2 for deployment in controller.deployments)


def test_the_memory_limit_of_a_pod_is_twice_its_request() -> None:
    deployment = ChartDeployment(
        name="name",
        pod_label=("app", "name"),
        replicas=1,
        cpu_request_millicores=50,
        memory_request_mib=64,
    )
    assert deployment.resources() == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"memory": "128Mi"},
    }
