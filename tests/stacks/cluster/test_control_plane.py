"""INFRASTRUCTURE.md, Compute: the EKS cluster and its control plane."""

import json

from settings import load_stage
from tests.stacks.cluster.resources import CLUSTER, add_ons, synthesize_with
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text


def test_the_cluster_has_the_version_of_the_settings(stage: SynthesizedStage) -> None:
    cluster = stage.only("cluster", CLUSTER)
    assert cluster["Version"] == stage.settings.cluster.kubernetes_version
    assert cluster["Name"] == stage.settings.resource_name()


def test_a_cluster_of_the_designs_version_has_the_add_on_versions_that_eks_chooses() -> None:
    settings = load_stage("staging")
    cluster = settings.cluster.model_copy(update={"kubernetes_version": "1.28"})
    stage = synthesize(settings.model_copy(update={"cluster": cluster}))
    assert stage.only("cluster", CLUSTER)["Version"] == "1.28"
    assert not [
        name for name, add_on in add_ons(stage).items() if "AddonVersion" in add_on["Properties"]
    ]


def test_the_api_endpoint_is_private(stage: SynthesizedStage) -> None:
    network = stage.only("cluster", CLUSTER)["ResourcesVpcConfig"]
    assert (network["EndpointPrivateAccess"], network["EndpointPublicAccess"]) == (True, False)
    assert all("private" in as_text(subnet) for subnet in network["SubnetIds"])


def test_the_settings_can_open_the_api_endpoint_to_public_ranges() -> None:
    stage = synthesize_with(public_access_ranges=["198.51.100.0/24"])
    network = stage.only("cluster", CLUSTER)["ResourcesVpcConfig"]
    assert (network["EndpointPrivateAccess"], network["EndpointPublicAccess"]) == (True, True)
    assert network["PublicAccessCidrs"] == ["198.51.100.0/24"]


def test_the_kubectl_provider_runs_in_private_subnets(stage: SynthesizedStage) -> None:
    functions = stage.resources("cluster", "AWS::Lambda::Function").values()
    assert len(functions) == 2
    for function in functions:
        subnets = function["Properties"]["VpcConfig"]["SubnetIds"]
        assert all("private" in as_text(subnet) for subnet in subnets)


def test_kubernetes_secrets_are_encrypted_with_the_clusters_key(stage: SynthesizedStage) -> None:
    (encryption,) = stage.only("cluster", CLUSTER)["EncryptionConfig"]
    assert encryption["Resources"] == ["secrets"]
    assert "KeysCluster" in as_text(encryption["Provider"]["KeyArn"])


def test_all_five_log_types_of_the_control_plane_are_enabled(stage: SynthesizedStage) -> None:
    log_types = stage.only("cluster", CLUSTER)["Logging"]["ClusterLogging"]["EnabledTypes"]
    assert sorted(log_type["Type"] for log_type in log_types) == [
        *("api", "audit", "authenticator", "controllerManager", "scheduler"),
    ]


def test_the_log_group_of_the_control_plane_is_created_before_the_cluster(
    stage: SynthesizedStage,
) -> None:
    """EKS would create it without a retention period."""
    name = f"/aws/eks/{stage.settings.resource_name()}/cluster"
    ((logical_id, properties),) = [
        (logical_id, resource["Properties"])
        for logical_id, resource in stage.resources("cluster", "AWS::Logs::LogGroup").items()
        if resource["Properties"]["LogGroupName"] == name
    ]
    (cluster,) = stage.resources("cluster", CLUSTER).values()
    assert logical_id in cluster["DependsOn"]
    days = stage.settings.cluster.control_plane_log_retention_days
    assert properties["RetentionInDays"] == days


def test_every_log_group_is_encrypted_and_has_a_retention_period(stage: SynthesizedStage) -> None:
    for group in stage.resources("cluster", "AWS::Logs::LogGroup").values():
        assert "KeysLogs" in as_text(group["Properties"]["KmsKeyId"])
        assert group["Properties"]["RetentionInDays"] > 0


def test_the_cluster_has_the_deletion_protection_of_the_settings(stage: SynthesizedStage) -> None:
    cluster = stage.only("cluster", CLUSTER)
    assert cluster["DeletionProtection"] is stage.settings.deletion_protection


def test_eks_installs_no_add_on_without_a_version(stage: SynthesizedStage) -> None:
    assert stage.only("cluster", CLUSTER)["BootstrapSelfManagedAddons"] is False


def test_the_cluster_has_no_oidc_provider_for_pods(stage: SynthesizedStage) -> None:
    template = json.dumps(stage.templates["cluster"])
    assert "AssumeRoleWithWebIdentity" not in template
    assert "eks.amazonaws.com/role-arn" not in template
    assert "OIDCProvider" not in template
