"""INFRASTRUCTURE.md, Compute: node groups of auto-scaling EC2 instances."""

from tests.stacks.cluster.resources import (
    CLUSTER,
    NODEGROUP,
    allowed_actions,
    policy_statements,
)
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"


def test_nodes_are_on_demand_instances_of_amazon_linux_2023_in_private_subnets(
    stage: SynthesizedStage,
) -> None:
    nodegroup = stage.only("cluster", NODEGROUP)
    assert nodegroup["AmiType"] == "AL2023_x86_64_STANDARD", "the L2's default fails from 1.33 on"
    assert nodegroup["CapacityType"] == "ON_DEMAND"
    assert all("private" in as_text(subnet) for subnet in nodegroup["Subnets"])


def test_operators_reach_nodes_with_session_manager_and_not_with_ssh(
    stage: SynthesizedStage,
) -> None:
    assert "RemoteAccess" not in stage.only("cluster", NODEGROUP)
    assert "KeyName" not in stage.only("cluster", LAUNCH_TEMPLATE)["LaunchTemplateData"]
    assert "ssmmessages:OpenDataChannel" in allowed_actions(stage, "NodesRole")


def test_pods_cannot_read_the_credentials_of_their_node(stage: SynthesizedStage) -> None:
    template = stage.only("cluster", LAUNCH_TEMPLATE)["LaunchTemplateData"]
    assert template["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_the_volumes_of_nodes_are_encrypted_with_the_projects_key(stage: SynthesizedStage) -> None:
    template = stage.only("cluster", LAUNCH_TEMPLATE)["LaunchTemplateData"]
    (device,) = template["BlockDeviceMappings"]
    volume = device["Ebs"]
    assert (volume["VolumeType"], volume["Encrypted"]) == ("gp3", True)
    assert volume["VolumeSize"] == stage.settings.cluster.nodes.volume_gib
    assert "KeysVolumes" in as_text(volume["KmsKeyId"])


def test_an_update_replaces_one_node_at_a_time_and_waits_for_disruption_budgets(
    stage: SynthesizedStage,
) -> None:
    nodegroup = stage.only("cluster", NODEGROUP)
    assert nodegroup["UpdateConfig"] == {"MaxUnavailable": 1}
    assert nodegroup["ForceUpdateEnabled"] is False


def test_eks_replaces_a_node_that_fails(stage: SynthesizedStage) -> None:
    assert stage.only("cluster", NODEGROUP)["NodeRepairConfig"] == {"Enabled": True}


def test_an_upgrade_of_the_control_plane_upgrades_the_nodes(stage: SynthesizedStage) -> None:
    nodegroup = stage.only("cluster", NODEGROUP)
    assert nodegroup["Version"] == stage.only("cluster", CLUSTER)["Version"]
    assert "ReleaseVersion" not in nodegroup, "a deployment would revert a patched AMI"


def test_the_role_of_nodes_has_no_aws_managed_policy(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    (role,) = [
        resource["Properties"]
        for logical_id, resource in roles.items()
        if logical_id.startswith("NodesRole")
    ]
    assert [list(policy) for policy in role["ManagedPolicyArns"]] == [["Ref"]]
    assert "Policies" not in role


def test_the_role_of_nodes_allows_joining_pulling_images_and_session_manager_only(
    stage: SynthesizedStage,
) -> None:
    assert allowed_actions(stage, "NodesRole") == {
        "eks-auth:AssumeRoleForPodIdentity",
        *("ec2:DescribeInstances", "ec2:DescribeInstanceTypes"),
        *("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability"),
        *("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "ssm:UpdateInstanceInformation",
        *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
        *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
    }


def test_nodes_provide_the_pod_identities_of_their_own_cluster_only(
    stage: SynthesizedStage,
) -> None:
    (identity,) = [
        statement
        for statement in policy_statements(stage, "NodesRole")
        if "eks-auth" in str(statement["Action"])
    ]
    (cluster,) = stage.resources("cluster", CLUSTER)
    assert identity["Resource"] == {"Fn::GetAtt": [cluster, "Arn"]}


def test_nodes_start_only_when_their_role_has_its_policy(stage: SynthesizedStage) -> None:
    """A node without permissions cannot join the cluster, and its creation fails."""
    role = stage.only("cluster", NODEGROUP)["NodeRole"]["Fn::GetAtt"][0]
    policies = stage.templates["cluster"]["Resources"][role]["Properties"]["ManagedPolicyArns"]
    types = [stage.templates["cluster"]["Resources"][policy["Ref"]]["Type"] for policy in policies]
    assert types == ["AWS::IAM::ManagedPolicy"]
