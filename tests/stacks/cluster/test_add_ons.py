"""The EKS add-ons: versions, order, configuration and permissions."""

import json
from typing import Any

import pytest

from settings.versions import ADD_ONS
from tests.stacks.cluster.resources import (
    NODEGROUP,
    add_ons,
    policy_statements,
    synthesize_with,
)
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

BEFORE_NODES = {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}
AFTER_NODES = {"coredns", "metrics-server", "amazon-cloudwatch-observability"}


def configuration(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    values = json.loads(add_ons(stage)[name]["Properties"]["ConfigurationValues"])
    assert isinstance(values, dict)
    return values


def test_every_add_on_has_the_version_of_the_settings(stage: SynthesizedStage) -> None:
    offered = ADD_ONS[stage.settings.cluster.kubernetes_version]
    versions = {
        name: add_on["Properties"]["AddonVersion"] for name, add_on in add_ons(stage).items()
    }
    assert versions == {name: next(iter(offered[name])) for name in offered}


def test_the_settings_can_pin_an_older_version_of_an_add_on() -> None:
    stage = synthesize_with(add_on_versions={"kube-proxy": "v1.35.3-eksbuild.13"})
    assert add_ons(stage)["kube-proxy"]["Properties"]["AddonVersion"] == "v1.35.3-eksbuild.13"


def test_the_cluster_has_no_other_add_ons(stage: SynthesizedStage) -> None:
    assert set(add_ons(stage)) == BEFORE_NODES | AFTER_NODES


def test_add_ons_that_nodes_need_are_created_before_the_nodes(stage: SynthesizedStage) -> None:
    (nodegroup,) = stage.resources("cluster", NODEGROUP).values()
    assert {add_ons(stage)[name]["id"] for name in BEFORE_NODES} <= set(nodegroup["DependsOn"])


def test_add_ons_that_need_nodes_are_created_after_them(stage: SynthesizedStage) -> None:
    """Without nodes they would be DEGRADED, and their creation would fail."""
    (nodegroup,) = stage.resources("cluster", NODEGROUP)
    for name in AFTER_NODES:
        assert nodegroup in add_ons(stage)[name]["DependsOn"]


def test_the_vpc_cni_enforces_network_policies(stage: SynthesizedStage) -> None:
    assert configuration(stage, "vpc-cni")["enableNetworkPolicy"] == "true"


@pytest.mark.parametrize(
    "name, service_account",
    [("vpc-cni", "aws-node"), ("amazon-cloudwatch-observability", "cloudwatch-agent")],
)
def test_an_add_on_that_calls_aws_has_a_pod_identity(
    stage: SynthesizedStage, name: str, service_account: str
) -> None:
    properties = add_ons(stage)[name]["Properties"]
    (association,) = properties["PodIdentityAssociations"]
    assert association["ServiceAccount"] == service_account
    assert "ServiceAccountRoleArn" not in properties


def test_dns_survives_the_loss_of_a_node(stage: SynthesizedStage) -> None:
    coredns = configuration(stage, "coredns")
    assert coredns["replicaCount"] == 2
    assert coredns["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    (constraint,) = coredns["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "topology.kubernetes.io/zone"


def test_the_metrics_server_has_the_replicas_of_the_controllers(stage: SynthesizedStage) -> None:
    replicas = stage.settings.cluster.controllers.replicas
    metrics_server = configuration(stage, "metrics-server")
    assert metrics_server["replicas"] == replicas
    assert ("podDisruptionBudget" in metrics_server) == (replicas > 1)


def test_cloudwatch_receives_the_logs_of_pods_and_their_metrics_by_setting(
    stage: SynthesizedStage,
) -> None:
    observability = configuration(stage, "amazon-cloudwatch-observability")
    assert observability["containerLogs"] == {"enabled": True}
    container_insights = stage.settings.cluster.container_insights
    assert observability["containerInsights"] == {"enabled": container_insights}


def test_the_agents_on_the_nodes_have_a_pipeline_in_every_stage(stage: SynthesizedStage) -> None:
    """Without one, each agent ends at its start, and the add-on may become DEGRADED."""
    observability = configuration(stage, "amazon-cloudwatch-observability")
    if observability["containerInsights"]["enabled"]:
        assert "agent" not in observability, "the add-on configures the metrics"
        return
    agent = observability["agent"]["config"]
    assert agent["agent"] == {"region": stage.settings.region}
    (log,) = agent["logs"]["logs_collected"]["files"]["collect_list"]
    groups = stage.resources("cluster", "AWS::Logs::LogGroup").values()
    assert log["log_group_name"] in {as_text(g["Properties"]["LogGroupName"]) for g in groups}
    assert log["file_path"].startswith("/rootfs/"), "where the add-on mounts the node's files"


def test_the_cloudwatch_agent_writes_to_existing_log_groups_only(stage: SynthesizedStage) -> None:
    prefix = f"/aws/containerinsights/{stage.settings.resource_name()}/"
    groups = {
        logical_id: resource["Properties"]
        for logical_id, resource in stage.resources("cluster", "AWS::Logs::LogGroup").items()
        if as_text(resource["Properties"]["LogGroupName"]).startswith(prefix)
    }
    assert len(groups) == 4 + stage.settings.cluster.application_metrics
    (statement,) = policy_statements(stage, "AddOnsAgentRole")
    assert [as_text(arn) for arn in statement["Resource"]] == [f"${{{id_}.Arn}}" for id_ in groups]
    assert set(groups) <= set(add_ons(stage)["amazon-cloudwatch-observability"]["DependsOn"])
    days = stage.settings.cluster.pod_log_retention_days
    assert {group["RetentionInDays"] for group in groups.values()} == {days}


def test_the_cluster_needs_no_driver_for_volumes(stage: SynthesizedStage) -> None:
    assert "aws-ebs-csi-driver" not in add_ons(stage)
    kinds = {item["kind"] for item in stage.manifests()}
    assert not {"PersistentVolumeClaim", "StatefulSet"} & kinds
