"""INFRASTRUCTURE.md, Access Control: RBAC in Kubernetes, MFA for admin access."""

from typing import Any

import pytest

from k8s.roles import ON_CALL, READERS
from tests.stacks.cluster.resources import CLUSTER, manifest
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text


def access_entries(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the properties of the access entries by their principal."""
    resources = stage.resources("cluster", "AWS::EKS::AccessEntry").values()
    return {
        as_text(resource["Properties"]["PrincipalArn"]): resource["Properties"]
        for resource in resources
    }


def access_entry(stage: SynthesizedStage, principal: str) -> dict[str, Any]:
    (entry,) = [entry for arn, entry in access_entries(stage).items() if principal in arn]
    return entry


def test_the_creator_of_the_cluster_has_no_access(stage: SynthesizedStage) -> None:
    access = stage.only("cluster", CLUSTER)["AccessConfig"]
    assert access == {
        "AuthenticationMode": "API",
        "BootstrapClusterCreatorAdminPermissions": False,
    }


@pytest.mark.parametrize("principal", ["RolesAdmin", "KubectlProviderHandler"])
def test_administrators_and_the_kubectl_provider_administer_the_cluster(
    stage: SynthesizedStage, principal: str
) -> None:
    (policy,) = access_entry(stage, principal)["AccessPolicies"]
    assert as_text(policy["PolicyArn"]).endswith("/AmazonEKSClusterAdminPolicy")
    assert policy["AccessScope"]["Type"] == "cluster"


def test_there_are_no_other_access_entries(stage: SynthesizedStage) -> None:
    assert len(access_entries(stage)) == 4
    assert not [arn for arn in access_entries(stage) if "Deployer" in arn]


@pytest.mark.parametrize("principal", ["RolesReader", "RolesOnCall"])
def test_readers_and_on_call_engineers_view_everything_except_secrets(
    stage: SynthesizedStage, principal: str
) -> None:
    """AmazonEKSAdminViewPolicy would include secrets."""
    (policy,) = access_entry(stage, principal)["AccessPolicies"]
    assert as_text(policy["PolicyArn"]).endswith("/AmazonEKSViewPolicy")


def test_on_call_engineers_have_a_kubernetes_group_of_their_own(stage: SynthesizedStage) -> None:
    assert access_entry(stage, "RolesOnCall")["KubernetesGroups"] == [READERS, ON_CALL]
    assert access_entry(stage, "RolesReader")["KubernetesGroups"] == [READERS]


def test_readers_view_the_nodes_and_the_metrics_of_pods_and_nodes(stage: SynthesizedStage) -> None:
    """AmazonEKSViewPolicy covers neither nodes nor metrics."""
    role, binding = manifest(stage, "Readers")
    assert binding["subjects"][0]["name"] == READERS
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    rules = [(rule["apiGroups"], rule["resources"]) for rule in role["rules"]]
    assert rules == [([""], ["nodes"]), (["metrics.k8s.io"], ["nodes", "pods"])]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
