"""The Helm releases of the controllers: versions, namespaces, dependencies and permissions."""

import json
from typing import Any

import pytest

from settings.versions import CHARTS
from stacks.shared.names import to_pascal_case
from tests.stacks.cluster.resources import (
    ADD_ON,
    MANIFEST,
    NODEGROUP,
    as_list,
    helm_releases,
    helm_values,
    manifest,
    nested_mappings,
    synthesize_with,
)
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

LOAD_BALANCER_CONTROLLER = "aws-load-balancer-controller"
AUTOSCALER = "cluster-autoscaler"
SERVICE_ACCOUNTS = {
    LOAD_BALANCER_CONTROLLER: LOAD_BALANCER_CONTROLLER,
    AUTOSCALER: AUTOSCALER,
    "external-secrets": "external-secrets",
    "keda": "keda-operator",
}
"""The service account of each controller that calls AWS."""
_NAME = "app.kubernetes.io/name"
POD_LABELS = {
    LOAD_BALANCER_CONTROLLER: [(_NAME, LOAD_BALANCER_CONTROLLER)],
    AUTOSCALER: [(_NAME, "aws-cluster-autoscaler")],
    "external-secrets": [
        (_NAME, "external-secrets"),
        (_NAME, "external-secrets-webhook"),
        (_NAME, "external-secrets-cert-controller"),
    ],
    "reloader": [("app", "reloader")],
    "keda": [
        ("app", "keda-operator"),
        ("app", "keda-operator-metrics-apiserver"),
        ("app", "keda-admission-webhooks"),
    ],
}
"""A label of the pods of each Deployment, as Helm renders the charts at their versions."""


def read_actions(stage: SynthesizedStage) -> list[str]:
    """Return the actions of the policy that the controllers share."""
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy")
    (policy,) = [
        resource["Properties"]
        for logical_id, resource in policies.items()
        if logical_id.startswith("ControllersReads")
    ]
    (statement,) = policy["PolicyDocument"]["Statement"]
    return as_list(statement["Action"])


def manifest_id(stage: SynthesizedStage, construct_id: str) -> str:
    (logical_id,) = [name for name in stage.resources("cluster", MANIFEST) if construct_id in name]
    return logical_id


def test_each_release_has_the_chart_repository_and_version_of_the_settings(
    stage: SynthesizedStage,
) -> None:
    assert set(helm_releases(stage)) == set(CHARTS)
    for name, release in helm_releases(stage).items():
        properties = release["Properties"]
        chart = (properties["Repository"], properties["Chart"], properties["Version"])
        expected = CHARTS[name]
        assert chart == (expected.repository, expected.name, expected.version)


def test_an_upgrade_and_its_rollback_fit_the_15_minutes_of_the_function(
    stage: SynthesizedStage,
) -> None:
    """Helm rolls a failed upgrade back after it, with the same timeout."""
    for release in helm_releases(stage).values():
        properties = release["Properties"]
        assert (properties["Wait"], properties["Atomic"]) == (True, True)
        assert 2 * int(properties["Timeout"].removesuffix("s")) < 15 * 60


def test_each_controller_has_a_namespace_of_its_own_that_rejects_unrestricted_pods(
    stage: SynthesizedStage,
) -> None:
    namespaces = manifest(stage, "Namespaces")
    assert {namespace["metadata"]["name"] for namespace in namespaces} == set(CHARTS)
    for namespace in namespaces:
        labels = namespace["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, release in helm_releases(stage).items():
        assert release["Properties"]["Namespace"] == name
        assert "CreateNamespace" not in release["Properties"]
        assert manifest_id(stage, "Namespaces") in release["DependsOn"]


def test_each_release_depends_on_nodes_and_dns(stage: SynthesizedStage) -> None:
    (nodegroup,) = stage.resources("cluster", NODEGROUP)
    (coredns,) = [name for name in stage.resources("cluster", ADD_ON) if "Coredns" in name]
    for release in helm_releases(stage).values():
        assert {nodegroup, coredns} <= set(release["DependsOn"])


def test_role_and_pod_identity_association_are_created_before_the_pods(
    stage: SynthesizedStage,
) -> None:
    """EKS adds the credentials to a pod when the pod is created."""
    associations: dict[str, tuple[str, dict[str, Any]]] = {
        resource["Properties"]["Namespace"]: (logical_id, resource["Properties"])
        for logical_id, resource in stage.resources(
            "cluster", "AWS::EKS::PodIdentityAssociation"
        ).items()
    }
    assert {
        name: properties["ServiceAccount"] for name, (_, properties) in associations.items()
    } == SERVICE_ACCOUNTS
    for name, (logical_id, properties) in associations.items():
        role = as_text(properties["RoleArn"]).removeprefix("${").partition(".")[0]
        assert {logical_id, role} <= set(helm_releases(stage)[name]["DependsOn"])
        assert to_pascal_case(name) in role


@pytest.mark.parametrize("name", [AUTOSCALER, "external-secrets"])
def test_permissions_are_created_before_the_pods(stage: SynthesizedStage, name: str) -> None:
    """The role refers to its policies."""
    prefix = f"Controllers{to_pascal_case(name)}"
    (policy,) = find_logical_ids(stage, "AWS::IAM::ManagedPolicy", f"{prefix}Policy")
    (role,) = find_logical_ids(stage, "AWS::IAM::Role", f"{prefix}Role")
    properties = stage.resources("cluster", "AWS::IAM::Role")[role]["Properties"]
    assert {"Ref": policy} in properties["ManagedPolicyArns"]
    assert role in helm_releases(stage)[name]["DependsOn"]


def find_logical_ids(stage: SynthesizedStage, resource_type: str, prefix: str) -> list[str]:
    return [name for name in stage.resources("cluster", resource_type) if name.startswith(prefix)]


def test_production_runs_two_replicas_of_each_with_a_disruption_budget(
    production: SynthesizedStage,
) -> None:
    for name in (LOAD_BALANCER_CONTROLLER, AUTOSCALER):
        values = helm_values(production, name)
        assert values["replicaCount"] == 2
    secrets = helm_values(production, "external-secrets")
    for values in (secrets, secrets["webhook"], secrets["certController"]):
        assert values["replicaCount"] == 2
    reloader = helm_values(production, "reloader")["reloader"]
    assert (reloader["enableHA"], reloader["deployment"]["replicas"]) == (True, 2)
    keda = helm_values(production, "keda")
    for name in ("operator", "metricsServer", "webhooks"):
        assert keda[name]["replicaCount"] == 2


def test_each_deployment_with_several_pods_has_a_budget_that_lets_unready_pods_go(
    production: SynthesizedStage,
) -> None:
    budgets = manifest(production, "DisruptionBudgets")
    selected = {
        (budget["metadata"]["namespace"], *budget["spec"]["selector"]["matchLabels"].items())
        for budget in budgets
    }
    assert selected == {
        (name, label)
        for name, labels in POD_LABELS.items()
        if name != AUTOSCALER
        for label in labels
    }
    for budget in budgets:
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_no_pod_has_two_budgets(production: SynthesizedStage) -> None:
    """Kubernetes evicts no pod that has two. The chart of the Cluster Autoscaler has its own."""
    for name in helm_releases(production):
        for mapping in nested_mappings(helm_values(production, name)):
            assert "podDisruptionBudget" not in mapping


@pytest.mark.parametrize("name", CHARTS)
def test_the_pods_of_a_controller_are_spread_over_nodes_and_zones(
    production: SynthesizedStage, name: str
) -> None:
    constraints = [
        mapping
        for mapping in nested_mappings(helm_values(production, name))
        if "topologyKey" in mapping
    ]
    spread = [
        (constraint["topologyKey"], *constraint["labelSelector"]["matchLabels"].items())
        for constraint in constraints
    ]
    assert spread == [
        (key, label)
        for label in POD_LABELS[name]
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]


@pytest.mark.parametrize("name", CHARTS)
def test_every_pod_of_a_controller_has_a_priority_class(stage: SynthesizedStage, name: str) -> None:
    classes = [
        mapping["priorityClassName"]
        for mapping in nested_mappings(helm_values(stage, name))
        if "priorityClassName" in mapping
    ]
    expected = 3 if name == "external-secrets" else 1
    assert classes == ["system-cluster-critical"] * expected


def test_two_replicas_elect_a_leader(production: SynthesizedStage) -> None:
    assert helm_values(production, "external-secrets")["leaderElect"] is True
    assert helm_values(production, "reloader")["reloader"]["enableHA"] is True


@pytest.mark.parametrize("name", CHARTS)
def test_a_single_replica_has_no_disruption_budget(staging: SynthesizedStage, name: str) -> None:
    """Such a budget would block every drain of the node."""
    assert not [m for m in staging.resources("cluster", MANIFEST) if "DisruptionBudgets" in m]
    for mapping in nested_mappings(helm_values(staging, name)):
        assert "podDisruptionBudget" not in mapping


def test_the_settings_choose_the_number_of_replicas() -> None:
    stage = synthesize_with(controllers={"replicas": 3})
    assert helm_values(stage, LOAD_BALANCER_CONTROLLER)["replicaCount"] == 3
    assert helm_values(stage, "keda")["operator"]["replicaCount"] == 3


@pytest.mark.parametrize(
    "name, deployments",
    [
        (LOAD_BALANCER_CONTROLLER, 1),
        (AUTOSCALER, 1),
        ("external-secrets", 3),
        ("reloader", 1),
        ("keda", 3),
    ],
)
def test_every_pod_requests_cpu_and_memory(
    stage: SynthesizedStage, name: str, deployments: int
) -> None:
    found = [m for m in nested_mappings(helm_values(stage, name)) if "requests" in m]
    assert len(found) == deployments
    for resources in found:
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert set(resources["limits"]) == {"memory"}


@pytest.mark.parametrize("name", [LOAD_BALANCER_CONTROLLER, AUTOSCALER, "reloader"])
def test_pods_meet_the_restricted_standard_where_the_charts_defaults_do_not(
    stage: SynthesizedStage, name: str
) -> None:
    mappings = nested_mappings(helm_values(stage, name))
    (pod,) = [mapping for mapping in mappings if "runAsNonRoot" in mapping]
    assert pod["runAsNonRoot"] is True
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = [mapping for mapping in mappings if "allowPrivilegeEscalation" in mapping]
    assert container == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_the_shared_policy_allows_only_descriptions_and_metrics(stage: SynthesizedStage) -> None:
    exceptions = {"ec2:GetInstanceTypesFromInstanceRequirements", "cloudwatch:GetMetricData"}
    for action in set(read_actions(stage)) - exceptions:
        assert action.partition(":")[2].startswith("Describe"), action
        assert "*" not in action


def test_only_controllers_that_declare_read_actions_have_the_shared_policy(
    stage: SynthesizedStage,
) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    holders = {
        logical_id.partition("Role")[0]
        for logical_id, role in roles.items()
        if "ControllersReads" in json.dumps(role["Properties"])
    }
    names = (LOAD_BALANCER_CONTROLLER, AUTOSCALER, "keda")
    assert holders == {f"Controllers{to_pascal_case(name)}" for name in names}


def test_no_policy_of_the_cluster_has_a_wildcard_action(stage: SynthesizedStage) -> None:
    for policy in stage.resources("cluster", "AWS::IAM::ManagedPolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert all("*" not in action for action in as_list(statement["Action"]))
