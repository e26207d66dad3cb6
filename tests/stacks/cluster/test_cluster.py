"""INFRASTRUCTURE.md: Compute, Access Control; and what EKS alone would refuse."""

import json
from typing import Any

import pytest

from k8s.roles import ON_CALL, READERS
from settings import load_stage
from settings.cluster import ClusterSettings
from settings.versions import ADD_ONS
from tests.synthesis import SynthesizedStage, joined, synthesize

CLUSTER = "AWS::EKS::Cluster"
NODES = "AWS::EKS::Nodegroup"
ADD_ON = "AWS::EKS::Addon"
BEFORE_NODES = {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"}
AFTER_NODES = {"coredns", "metrics-server", "amazon-cloudwatch-observability"}


def with_cluster(**changes: object) -> SynthesizedStage:
    """Synthesize staging with other settings of the cluster."""
    settings = load_stage("staging")
    cluster = ClusterSettings.model_validate(settings.cluster.model_dump() | changes)
    return synthesize(settings.model_copy(update={"cluster": cluster}))


def add_ons(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the add-ons by name: their properties, and what they wait for."""
    found = stage.resources("cluster", ADD_ON)
    return {each["Properties"]["AddonName"]: each | {"id": id_} for id_, each in found.items()}


def configuration(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(add_ons(stage)[name]["Properties"]["ConfigurationValues"])
    return values


def entries(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the access entries by whom they let in."""
    found = stage.resources("cluster", "AWS::EKS::AccessEntry").values()
    return {joined(each["Properties"]["PrincipalArn"]): each["Properties"] for each in found}


def entry(stage: SynthesizedStage, principal: str) -> dict[str, Any]:
    (found,) = [value for name, value in entries(stage).items() if principal in name]
    return found


def policies_of(stage: SynthesizedStage, role: str) -> list[dict[str, Any]]:
    """Return the statements of the customer-managed policies of a role."""
    (role_id,) = [name for name in stage.resources("cluster", "AWS::IAM::Role") if role in name]
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy").values()
    return [
        statement
        for policy in policies
        if {"Ref": role_id} in policy["Properties"].get("Roles", [])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


# EKS Cluster: Managed Kubernetes cluster ------------------------------------------------------


def test_the_cluster_runs_the_stages_version(stage: SynthesizedStage) -> None:
    cluster = stage.only("cluster", CLUSTER)
    assert cluster["Version"] == stage.settings.cluster.kubernetes_version
    assert cluster["Name"] == stage.settings.resource_name()


def test_the_designs_version_can_be_synthesized_with_the_add_ons_that_eks_chooses() -> None:
    settings = load_stage("staging")
    cluster = settings.cluster.model_copy(update={"kubernetes_version": "1.28"})
    stage = synthesize(settings.model_copy(update={"cluster": cluster}))
    assert stage.only("cluster", CLUSTER)["Version"] == "1.28"
    assert all("AddonVersion" not in each["Properties"] for each in add_ons(stage).values())


def test_the_api_is_reached_from_inside_the_vpc_only(stage: SynthesizedStage) -> None:
    network = stage.only("cluster", CLUSTER)["ResourcesVpcConfig"]
    assert (network["EndpointPrivateAccess"], network["EndpointPublicAccess"]) == (True, False)
    assert all("private" in joined(subnet) for subnet in network["SubnetIds"])


def test_a_stage_may_name_ranges_that_reach_the_api_from_outside() -> None:
    stage = with_cluster(public_access_ranges=["198.51.100.0/24"])
    network = stage.only("cluster", CLUSTER)["ResourcesVpcConfig"]
    assert (network["EndpointPrivateAccess"], network["EndpointPublicAccess"]) == (True, True)
    assert network["PublicAccessCidrs"] == ["198.51.100.0/24"]


def test_kubectl_runs_inside_the_vpc(stage: SynthesizedStage) -> None:
    functions = stage.resources("cluster", "AWS::Lambda::Function").values()
    assert len(functions) == 2
    for function in functions:
        subnets = function["Properties"]["VpcConfig"]["SubnetIds"]
        assert all("private" in joined(subnet) for subnet in subnets)


def test_kubernetes_secrets_are_encrypted_with_the_clusters_key(stage: SynthesizedStage) -> None:
    (encryption,) = stage.only("cluster", CLUSTER)["EncryptionConfig"]
    assert encryption["Resources"] == ["secrets"]
    assert "KeysCluster" in joined(encryption["Provider"]["KeyArn"])


def test_all_five_logs_of_the_control_plane_are_kept(stage: SynthesizedStage) -> None:
    logging = stage.only("cluster", CLUSTER)["Logging"]["ClusterLogging"]["EnabledTypes"]
    assert sorted(each["Type"] for each in logging) == [
        *("api", "audit", "authenticator", "controllerManager", "scheduler"),
    ]


def test_the_log_group_is_there_before_eks_makes_it(stage: SynthesizedStage) -> None:
    groups = stage.resources("cluster", "AWS::Logs::LogGroup")
    name = f"/aws/eks/{stage.settings.resource_name()}/cluster"
    (id_,) = [i for i, g in groups.items() if g["Properties"]["LogGroupName"] == name]
    (cluster,) = stage.resources("cluster", CLUSTER).values()
    assert id_ in cluster["DependsOn"]
    kept = groups[id_]["Properties"]["RetentionInDays"]
    assert kept == stage.settings.cluster.control_plane_log_retention_days


def test_every_log_group_is_encrypted_and_forgets(stage: SynthesizedStage) -> None:
    for group in stage.resources("cluster", "AWS::Logs::LogGroup").values():
        assert "KeysLogs" in joined(group["Properties"]["KmsKeyId"])
        assert group["Properties"]["RetentionInDays"] > 0


def test_a_protected_stage_does_not_let_its_cluster_be_deleted(stage: SynthesizedStage) -> None:
    cluster = stage.only("cluster", CLUSTER)
    assert cluster["DeletionProtection"] is stage.settings.deletion_protection


# Access Control: RBAC in Kubernetes, MFA for admin access --------------------------------------


def test_who_creates_the_cluster_is_no_administrator(stage: SynthesizedStage) -> None:
    access = stage.only("cluster", CLUSTER)["AccessConfig"]
    assert access == {
        "AuthenticationMode": "API",
        "BootstrapClusterCreatorAdminPermissions": False,
    }


def test_administrators_and_the_kubectl_provider_administer_the_cluster(
    stage: SynthesizedStage,
) -> None:
    for principal in ("RolesAdmin", "KubectlProviderHandler"):
        (policy,) = entry(stage, principal)["AccessPolicies"]
        assert joined(policy["PolicyArn"]).endswith("/AmazonEKSClusterAdminPolicy")
        assert policy["AccessScope"]["Type"] == "cluster"


def test_nobody_else_is_let_in(stage: SynthesizedStage) -> None:
    assert len(entries(stage)) == 4


@pytest.mark.parametrize("principal", ["RolesReader", "RolesOnCall"])
def test_readers_and_on_call_see_everything_but_secrets(
    stage: SynthesizedStage, principal: str
) -> None:
    """AmazonEKSAdminViewPolicy would show secrets too."""
    (policy,) = entry(stage, principal)["AccessPolicies"]
    assert joined(policy["PolicyArn"]).endswith("/AmazonEKSViewPolicy")


def test_who_is_on_call_does_more_by_a_group_of_its_own(stage: SynthesizedStage) -> None:
    assert entry(stage, "RolesOnCall")["KubernetesGroups"] == [READERS, ON_CALL]
    assert entry(stage, "RolesReader")["KubernetesGroups"] == [READERS]


def test_readers_see_the_nodes_which_the_policy_of_aws_leaves_out(stage: SynthesizedStage) -> None:
    (group,) = entry(stage, "RolesReader")["KubernetesGroups"]
    resources = stage.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource")
    (text,) = [joined(r["Properties"]["Manifest"]) for i, r in resources.items() if "Readers" in i]
    role, binding = json.loads(text)
    assert binding["subjects"][0]["name"] == group
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    rules = [(rule["resources"], rule["verbs"]) for rule in role["rules"]]
    assert rules == [(["nodes"], ["get", "list", "watch"])] * 2


def test_the_role_that_deploys_has_no_access_to_the_cluster(stage: SynthesizedStage) -> None:
    assert not [name for name in entries(stage) if "Deployer" in name]


# Node Groups: Auto-scaling EC2 instances -------------------------------------------------------


def test_nodes_are_private_and_of_amazon_linux_2023(stage: SynthesizedStage) -> None:
    nodes = stage.only("cluster", NODES)
    assert nodes["AmiType"] == "AL2023_x86_64_STANDARD", "the library's own fails from 1.33 on"
    assert nodes["CapacityType"] == "ON_DEMAND"
    assert all("private" in joined(subnet) for subnet in nodes["Subnets"])


def test_nodes_are_reached_by_session_manager_and_not_by_ssh(stage: SynthesizedStage) -> None:
    assert "RemoteAccess" not in stage.only("cluster", NODES)
    template = stage.only("cluster", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert "KeyName" not in template
    actions = {a for s in policies_of(stage, "NodesRole") for a in listed(s["Action"])}
    assert "ssmmessages:OpenDataChannel" in actions


def test_no_pod_gets_the_nodes_credentials(stage: SynthesizedStage) -> None:
    template = stage.only("cluster", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert template["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_the_nodes_volumes_are_encrypted_with_the_projects_key(stage: SynthesizedStage) -> None:
    template = stage.only("cluster", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    (device,) = template["BlockDeviceMappings"]
    volume = device["Ebs"]
    assert (volume["VolumeType"], volume["Encrypted"]) == ("gp3", True)
    assert volume["VolumeSize"] == stage.settings.cluster.nodes.volume_gib
    assert "KeysVolumes" in joined(volume["KmsKeyId"])


def test_one_node_is_updated_at_a_time_and_disruption_budgets_are_waited_for(
    stage: SynthesizedStage,
) -> None:
    nodes = stage.only("cluster", NODES)
    assert nodes["UpdateConfig"] == {"MaxUnavailable": 1}
    assert nodes["ForceUpdateEnabled"] is False


def test_a_node_that_fails_is_replaced(stage: SynthesizedStage) -> None:
    assert stage.only("cluster", NODES)["NodeRepairConfig"] == {"Enabled": True}


def test_an_upgrade_of_the_control_plane_takes_the_nodes_with_it(stage: SynthesizedStage) -> None:
    nodes = stage.only("cluster", NODES)
    assert nodes["Version"] == stage.only("cluster", CLUSTER)["Version"]
    assert "ReleaseVersion" not in nodes, "a patched AMI would be a change to take back"


def test_there_is_one_node_group(stage: SynthesizedStage) -> None:
    assert len(stage.resources("cluster", NODES)) == 1


# IAM Roles: Fine-grained permissions -----------------------------------------------------------


def test_the_nodes_role_has_no_policy_of_aws(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    (role,) = [each["Properties"] for id_, each in roles.items() if id_.startswith("NodesRole")]
    assert "ManagedPolicyArns" not in role
    assert "Policies" not in role


def test_the_nodes_role_can_join_pull_and_be_managed_and_nothing_else(
    stage: SynthesizedStage,
) -> None:
    actions = {a for s in policies_of(stage, "NodesRole") for a in listed(s["Action"])}
    assert actions == {
        "eks-auth:AssumeRoleForPodIdentity",
        *("ec2:DescribeInstances", "ec2:DescribeInstanceTypes"),
        *("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability"),
        *("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "ssm:UpdateInstanceInformation",
        *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
        *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
    }


def test_nodes_hand_out_the_identities_of_their_own_cluster(stage: SynthesizedStage) -> None:
    statements = policies_of(stage, "NodesRole")
    (identity,) = [s for s in statements if "eks-auth" in str(s["Action"])]
    (cluster,) = stage.resources("cluster", CLUSTER)
    assert identity["Resource"] == {"Fn::GetAtt": [cluster, "Arn"]}


def test_pods_get_permissions_by_pod_identity_and_not_by_oidc(stage: SynthesizedStage) -> None:
    template = json.dumps(stage.templates["cluster"])
    assert "AssumeRoleWithWebIdentity" not in template
    assert "eks.amazonaws.com/role-arn" not in template
    assert "OIDCProvider" not in template


def test_a_pods_role_is_for_one_service_account_of_this_cluster(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role").values()
    documents = [role["Properties"]["AssumeRolePolicyDocument"]["Statement"] for role in roles]
    for_pods = [s for s in documents if "pods.eks.amazonaws.com" in json.dumps(s)]
    accounts = set()
    for statements in for_pods:
        assert {a for s in statements for a in listed(s["Action"])} == {
            *("sts:AssumeRole", "sts:TagSession"),
        }
        for statement in statements:
            tags = statement["Condition"]["StringEquals"]
            assert tags["aws:RequestTag/eks-cluster-name"] == stage.settings.resource_name()
            accounts.add(
                (
                    tags["aws:RequestTag/kubernetes-namespace"],
                    tags["aws:RequestTag/kubernetes-service-account"],
                )
            )
    assert len(accounts) == len(for_pods) == 6


# Add-ons ----------------------------------------------------------------------------------------


def test_every_add_on_has_the_version_of_the_table(stage: SynthesizedStage) -> None:
    offered = ADD_ONS[stage.settings.cluster.kubernetes_version]
    assert {n: a["Properties"]["AddonVersion"] for n, a in add_ons(stage).items()} == {
        name: versions[0] for name, versions in offered.items()
    }


def test_a_stage_may_stay_on_an_older_version_of_an_add_on() -> None:
    stage = with_cluster(add_on_versions={"vpc-cni": "v1.22.2-eksbuild.1"})
    assert add_ons(stage)["vpc-cni"]["Properties"]["AddonVersion"] == "v1.22.2-eksbuild.1"


def test_what_eks_would_install_by_itself_is_left_to_the_add_ons(stage: SynthesizedStage) -> None:
    assert stage.only("cluster", CLUSTER)["BootstrapSelfManagedAddons"] is False
    assert set(add_ons(stage)) == BEFORE_NODES | AFTER_NODES


def test_network_and_identities_are_there_before_the_nodes(stage: SynthesizedStage) -> None:
    (nodes,) = stage.resources("cluster", NODES).values()
    assert {add_ons(stage)[name]["id"] for name in BEFORE_NODES} <= set(nodes["DependsOn"])


def test_what_runs_on_nodes_comes_after_them(stage: SynthesizedStage) -> None:
    """Before them it would be DEGRADED, which fails the stack."""
    (nodes,) = stage.resources("cluster", NODES)
    for name in AFTER_NODES:
        assert nodes in add_ons(stage)[name]["DependsOn"]


def test_the_network_add_on_enforces_network_policies(stage: SynthesizedStage) -> None:
    assert configuration(stage, "vpc-cni")["enableNetworkPolicy"] == "true"


@pytest.mark.parametrize(
    "name, account",
    [("vpc-cni", "aws-node"), ("amazon-cloudwatch-observability", "cloudwatch-agent")],
)
def test_an_add_on_that_calls_aws_has_a_pod_identity(
    stage: SynthesizedStage, name: str, account: str
) -> None:
    (identity,) = add_ons(stage)[name]["Properties"]["PodIdentityAssociations"]
    assert identity["ServiceAccount"] == account
    assert "ServiceAccountRoleArn" not in add_ons(stage)[name]["Properties"]


def test_dns_survives_the_loss_of_a_node(stage: SynthesizedStage) -> None:
    dns = configuration(stage, "coredns")
    assert dns["replicaCount"] == 2
    assert dns["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    (spread,) = dns["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"


def test_the_metrics_server_runs_as_often_as_controllers_do(stage: SynthesizedStage) -> None:
    replicas = stage.settings.cluster.controllers.replicas
    server = configuration(stage, "metrics-server")
    assert server["replicas"] == replicas
    assert ("podDisruptionBudget" in server) == (replicas > 1)


def test_pods_logs_are_collected_and_their_metrics_by_setting(stage: SynthesizedStage) -> None:
    agent = configuration(stage, "amazon-cloudwatch-observability")
    assert agent["containerLogs"] == {"enabled": True}
    insights = stage.settings.cluster.container_insights
    assert agent["containerInsights"] == {"enabled": insights}


def test_the_agent_writes_to_log_groups_that_are_there(stage: SynthesizedStage) -> None:
    groups = stage.resources("cluster", "AWS::Logs::LogGroup")
    prefix = f"/aws/containerinsights/{stage.settings.resource_name()}/"
    own = {
        i: g
        for i, g in groups.items()
        if joined(g["Properties"]["LogGroupName"]).startswith(prefix)
    }
    assert len(own) == 4 + stage.settings.cluster.application_metrics
    (statement,) = policies_of(stage, "AddOnsAgentRole")
    assert [joined(r) for r in statement["Resource"]] == [f"${{{id_}.Arn}}" for id_ in own]
    assert set(own) <= set(add_ons(stage)["amazon-cloudwatch-observability"]["DependsOn"])
    days = stage.settings.cluster.pod_log_retention_days
    assert {g["Properties"]["RetentionInDays"] for g in own.values()} == {days}


def test_nothing_in_the_cluster_needs_a_volume(stage: SynthesizedStage) -> None:
    """So there is no driver for volumes."""
    assert "aws-ebs-csi-driver" not in add_ons(stage)
    kinds = {item["kind"] for item in stage.manifests()}
    assert not {"PersistentVolumeClaim", "StatefulSet"} & kinds
