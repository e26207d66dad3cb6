"""Cluster Autoscaler: its version, its permissions, and the nodes that it may remove."""

from settings.versions import cluster_autoscaler_image_tag
from tests.stacks.cluster.resources import NODEGROUP, helm_values, policy_statements
from tests.synthesis import SynthesizedStage

NAME = "cluster-autoscaler"


def test_the_image_has_the_minor_version_of_the_cluster(stage: SynthesizedStage) -> None:
    version = stage.settings.cluster.kubernetes_version
    tag = helm_values(stage, NAME)["image"]["tag"]
    assert tag == cluster_autoscaler_image_tag(version)
    assert tag.startswith(f"v{version}.")


def test_the_autoscaler_changes_the_node_group_of_this_cluster_only(
    stage: SynthesizedStage,
) -> None:
    name = stage.settings.resource_name()
    assert helm_values(stage, NAME)["autoDiscovery"] == {"clusterName": name}
    describe, change = policy_statements(stage, "ControllersClusterAutoscalerRole")
    (nodegroup,) = stage.resources("cluster", NODEGROUP)
    assert describe["Action"] == "eks:DescribeNodegroup"
    assert describe["Resource"] == {"Fn::GetAtt": [nodegroup, "Arn"]}
    assert change["Action"] == [
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
    ]
    tag = f"aws:ResourceTag/k8s.io/cluster-autoscaler/{name}"
    assert change["Condition"] == {"StringEquals": {tag: "owned"}}


def test_the_autoscaler_can_remove_nodes_whose_pods_have_an_emptydir(
    stage: SynthesizedStage,
) -> None:
    arguments = helm_values(stage, NAME)["extraArgs"]
    assert arguments["skip-nodes-with-local-storage"] is False
    assert arguments["skip-nodes-with-system-pods"] is False
