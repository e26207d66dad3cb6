"""The custom resources of aws_eks_v2, deployed as stacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest
import yaml

from tests.tools.embedded_aws.conftest import Stack

CLUSTER_NAME = "checked"
CLUSTER: dict[str, Any] = {
    "Type": "AWS::EKS::Cluster",
    "Properties": {
        "Name": CLUSTER_NAME,
        "Version": "1.35",
        "RoleArn": "arn:aws:iam::000000000000:role/cluster",
        "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]},
    },
}
CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c"},
    "data": {"a": "b"},
}
POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "w"}},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "w"},
    "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": POD},
}


def _custom(kind: str, needs: str = "Cluster", **properties: Any) -> dict[str, Any]:
    given = {"ServiceToken": "unused", "ClusterName": {"Ref": "Cluster"}} | properties
    return {"Type": f"Custom::AWSCDK-EKS-{kind}", "Properties": given, "DependsOn": needs}


def _manifest(*documents: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return _custom("KubernetesResource", Manifest=json.dumps(documents), **properties)


def _patch(**spec: object) -> dict[str, Any]:
    return _custom(
        "KubernetesPatch",
        needs="App",
        ResourceName="deployment/w",
        ResourceNamespace="default",
        ApplyPatchJson=json.dumps({"spec": spec}),
        RestorePatchJson=json.dumps({"spec": {"replicas": 1}}),
        PatchType="strategic",
    )


@pytest.fixture
def manifests(local_api: Callable[[str], str]) -> Callable[[], list[dict[str, Any]]]:
    def kept() -> list[dict[str, Any]]:
        return list(yaml.safe_load_all(local_api(f"manifests?cluster={CLUSTER_NAME}")))

    return kept


def test_a_manifest_is_stored_and_removed_with_its_resource(
    stack: Stack, manifests: Callable[[], list[dict[str, Any]]]
) -> None:
    assert stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG)}) == "CREATE_COMPLETE"
    assert manifests() == [CONFIG]

    assert stack.deploy({"Cluster": CLUSTER}) == "UPDATE_COMPLETE"
    assert manifests() == []


def test_an_existing_object_is_replaced_only_with_overwrite(stack: Stack) -> None:
    resources = {"Cluster": CLUSTER, "App": _manifest(CONFIG)}
    stack.deploy(resources)

    assert stack.deploy(resources | {"Again": _manifest(CONFIG)}) == "UPDATE_ROLLBACK_COMPLETE"
    assert 'configmaps "c" already exists' in stack.failures()["Again"]

    again = _manifest(CONFIG, Overwrite=True)
    assert stack.deploy(resources | {"Again": again}) == "UPDATE_COMPLETE"


def test_an_invalid_manifest_fails_the_stack_and_names_the_object(stack: Stack) -> None:
    wrong = DEPLOYMENT | {"spec": DEPLOYMENT["spec"] | {"replcas": 3}}

    status = stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG, wrong)})

    assert status == "ROLLBACK_COMPLETE"
    assert stack.failures()["App"] == (
        "Deployment/w is invalid (Kubernetes 1.35): "
        "spec: Additional properties are not allowed ('replcas' was unexpected)"
    )


def test_a_failed_update_keeps_the_manifest(
    stack: Stack, manifests: Callable[[], list[dict[str, Any]]]
) -> None:
    stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG)})

    status = stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG | {"dat": {}})})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert manifests() == [CONFIG]


def test_an_update_prunes_the_objects_that_it_lacks(
    stack: Stack, manifests: Callable[[], list[dict[str, Any]]]
) -> None:
    label = "aws.cdk.eks/prune-1"
    kept, dropped = (
        CONFIG | {"metadata": {"name": name, "labels": {label: ""}}} for name in ("k", "d")
    )
    stack.deploy({"Cluster": CLUSTER, "App": _manifest(kept, dropped, PruneLabel=label)})

    stack.deploy({"Cluster": CLUSTER, "App": _manifest(kept, PruneLabel=label)})

    assert manifests() == [kept]


def test_a_patch_is_applied_and_reverted(
    stack: Stack, manifests: Callable[[], list[dict[str, Any]]]
) -> None:
    app = _manifest(DEPLOYMENT)
    stack.deploy({"Cluster": CLUSTER, "App": app, "Patch": _patch(replicas=3)})
    assert manifests()[0]["spec"]["replicas"] == 3

    stack.deploy({"Cluster": CLUSTER, "App": app})
    assert manifests()[0]["spec"]["replicas"] == 1


def test_an_object_of_an_add_on_can_be_patched_although_it_is_not_stored(stack: Stack) -> None:
    foreign = {"ResourceName": "deployment/coredns", "ResourceNamespace": "kube-system"}
    patch = _patch(replicas=3)
    patch["Properties"] |= foreign

    resources = {"Cluster": CLUSTER, "App": _manifest(CONFIG), "Patch": patch}
    assert stack.deploy(resources) == "CREATE_COMPLETE"


def test_a_patch_of_a_missing_object_fails(stack: Stack) -> None:
    resources = {"Cluster": CLUSTER, "App": _manifest(CONFIG), "Patch": _patch(replicas=3)}

    assert stack.deploy(resources) == "ROLLBACK_COMPLETE"
    assert 'deployments "w" not found' in stack.failures()["Patch"]


def test_a_jobs_success_can_be_waited_for(stack: Stack) -> None:
    template = POD | {"spec": POD["spec"] | {"restartPolicy": "Never"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    value = _custom(
        "KubernetesObjectValue",
        needs="App",
        ObjectType="job",
        ObjectName="migrate",
        ObjectNamespace="default",
        JsonPath=".status.succeeded",
        TimeoutSeconds=900,
    )
    resources = {"Cluster": CLUSTER, "App": _manifest(job | {"spec": {"template": template}})}

    stack.deploy(resources | {"Done": value}, {"Done": {"Fn::GetAtt": ["Done", "Value"]}})

    assert stack.outputs() == {"Done": "1"}


def test_a_missing_value_fails_without_a_wait(stack: Stack) -> None:
    value = _custom(
        "KubernetesObjectValue",
        needs="App",
        ObjectType="configmap",
        ObjectName="c",
        ObjectNamespace="default",
        JsonPath=".status.x",
        TimeoutSeconds=900,
    )

    stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG), "Value": value})

    assert stack.failures()["Value"].startswith("Timeout waiting for output from kubectl command")


def test_a_chart_is_recorded_with_its_version_until_it_is_removed(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    chart = _custom(
        "HelmChart",
        Release="keda",
        Chart="keda",
        Version="2.17.0",
        Namespace="keda",
        CreateNamespace=True,
        Repository="https://charts.example.com",
        Values='{"replicas": 2}',
    )

    stack.deploy({"Cluster": CLUSTER, "Keda": chart})

    assert local_api(f"manifests?cluster={CLUSTER_NAME}").startswith(
        "# Helm release keda/keda: keda 2.17.0 from https://charts.example.com\n"
    )

    stack.deploy({"Cluster": CLUSTER})
    assert "Helm release" not in local_api(f"manifests?cluster={CLUSTER_NAME}")


def test_values_that_are_not_json_fail_the_chart(stack: Stack) -> None:
    chart = _custom("HelmChart", Release="keda", Chart="keda", Values="{replicas: 2}")

    assert stack.deploy({"Cluster": CLUSTER, "Keda": chart}) == "ROLLBACK_COMPLETE"
    assert stack.failures()["Keda"].startswith("Values is not JSON")


def test_an_unknown_cluster_fails_the_manifest(stack: Stack) -> None:
    manifest = _manifest(CONFIG, ClusterName="nowhere")

    assert stack.deploy({"Cluster": CLUSTER, "App": manifest}) == "ROLLBACK_COMPLETE"
    assert stack.failures()["App"] == "No cluster found for name: nowhere."


def test_a_new_cluster_of_the_same_name_is_empty(
    stack: Stack, manifests: Callable[[], list[dict[str, Any]]], local_api: Callable[[str], str]
) -> None:
    stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG) | {"DeletionPolicy": "Retain"}})
    stack.delete()
    with pytest.raises(HTTPError, match="404"):
        local_api(f"manifests?cluster={CLUSTER_NAME}")

    stack.deploy({"Cluster": CLUSTER})

    assert manifests() == []


def test_a_cluster_has_the_attributes_that_a_kubeconfig_needs(stack: Stack) -> None:
    names = ("Endpoint", "CertificateAuthorityData", "ClusterSecurityGroupId")
    outputs = {name: {"Fn::GetAtt": ["Cluster", name]} for name in names}

    stack.deploy({"Cluster": CLUSTER}, outputs)

    assert all(stack.outputs()[name] for name in names)


def test_the_fidelity_of_manifests_is_checked(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    stack.deploy({"Cluster": CLUSTER, "App": _manifest(CONFIG)})

    listed = json.loads(local_api(f"resources?stack={stack.name}"))

    assert {entry["logical_id"]: entry["fidelity"] for entry in listed} == {
        "App": "checked",
        "Cluster": "emulated",
    }
