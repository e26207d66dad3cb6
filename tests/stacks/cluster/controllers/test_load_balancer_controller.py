"""AWS Load Balancer Controller: it registers targets, and changes nothing else."""

from typing import Any

import pytest

from stacks.cluster.controllers.load_balancer_controller import NAME
from tests.stacks.cluster.resources import helm_values, policy_statements
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

ROLE = "ControllersAwsLoadBalancerControllerRole"


@pytest.fixture
def values(stage: SynthesizedStage) -> dict[str, Any]:
    return helm_values(stage, NAME)


def test_the_values_contain_the_region_and_the_vpc(
    stage: SynthesizedStage, values: dict[str, Any]
) -> None:
    """The nodes' hop limit keeps the pods from the metadata service."""
    assert values["region"] == stage.settings.region
    assert "Vpc" in values["vpcId"]
    assert values["clusterName"] == stage.settings.resource_name()


def test_the_webhook_for_services_is_disabled(values: dict[str, Any]) -> None:
    """It would reject every new Service while the controller is down."""
    assert values["enableServiceMutatorWebhook"] is False


def test_the_controller_creates_no_load_balancers_and_no_security_group_rules(
    stage: SynthesizedStage, values: dict[str, Any]
) -> None:
    for key in (
        *("enableBackendSecurityGroup", "createIngressClassResource"),
        *("enableShield", "enableWaf", "enableWafv2"),
    ):
        assert values[key] is False
    assert set(values["controllerConfig"]["featureGates"].values()) == {False}
    assert policy_statements(stage, ROLE) == []


def test_the_controller_registers_targets_of_the_applications_target_groups_only(
    stage: SynthesizedStage,
) -> None:
    policy = stage.only("workloads", "AWS::IAM::ManagedPolicy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == [
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:RegisterTargets",
    ]
    groups = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert statement["Resource"] == [{"Ref": name} for name in groups]
    (role,) = policy["Roles"]
    assert ROLE in as_text(role)
