"""The controllers: how Helm installs each, what each may do, and what it leaves to others."""

import json
from typing import Any

import pytest

from settings.versions import CHARTS, cluster_autoscaler_image_tag
from stacks.cluster.controllers.controller import ChartDeployment, Controller
from stacks.cluster.controllers.external_secrets import external_secrets
from stacks.cluster.controllers.keda import keda
from stacks.cluster.controllers.reloader import reloader
from tests.stacks.cluster.test_cluster import listed, policies_of, with_cluster
from tests.synthesis import ACCOUNT, SynthesizedStage, joined

RELEASE = "Custom::AWSCDK-EKS-HelmChart"
LOAD_BALANCER = "aws-load-balancer-controller"
AUTOSCALER = "cluster-autoscaler"
WITH_IDENTITY = {
    LOAD_BALANCER: LOAD_BALANCER,
    AUTOSCALER: AUTOSCALER,
    "external-secrets": "external-secrets",
    "keda": "keda-operator",
}


def releases(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the Helm releases by name, as resources."""
    found = stage.resources("cluster", RELEASE).values()
    return {each["Properties"]["Release"]: each for each in found}


def values(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(joined(releases(stage)[name]["Properties"]["Values"]))
    return made


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def statements(stage: SynthesizedStage, name: str) -> list[dict[str, Any]]:
    return policies_of(stage, f"Controllers{camel(name)}Role")


def reads(stage: SynthesizedStage) -> dict[str, Any]:
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy")
    (found,) = [p for id_, p in policies.items() if id_.startswith("ControllersReads")]
    (statement,) = found["Properties"]["PolicyDocument"]["Statement"]
    read: dict[str, Any] = statement
    return read


def everything(value: object) -> list[Any]:
    """Return every mapping inside of a value, itself included."""
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in everything(item))]
    if isinstance(value, list):
        return [found for item in value for found in everything(item)]
    return []


# How they are installed -------------------------------------------------------------------------


def test_each_chart_has_the_version_and_the_source_of_the_table(stage: SynthesizedStage) -> None:
    assert set(releases(stage)) == set(CHARTS)
    for name, release in releases(stage).items():
        made = release["Properties"]
        found = (made["Repository"], made["Chart"], made["Version"])
        assert found == CHARTS[name]


def test_a_release_is_waited_for_and_rolled_back_within_the_functions_15_minutes(
    stage: SynthesizedStage,
) -> None:
    """The upgrade and the roll-back after it take their time one after the other."""
    for release in releases(stage).values():
        made = release["Properties"]
        assert (made["Wait"], made["Atomic"]) == (True, True)
        assert 2 * int(made["Timeout"].removesuffix("s")) < 15 * 60


def test_each_has_a_namespace_of_its_own_that_takes_restricted_pods_only(
    stage: SynthesizedStage,
) -> None:
    resources = stage.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource")
    ((id_, made),) = [(i, r) for i, r in resources.items() if "Namespaces" in i]
    namespaces = json.loads(joined(made["Properties"]["Manifest"]))
    assert {each["metadata"]["name"] for each in namespaces} == set(CHARTS)
    for namespace in namespaces:
        labels = namespace["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, release in releases(stage).items():
        assert release["Properties"]["Namespace"] == name
        assert "CreateNamespace" not in release["Properties"]
        assert id_ in release["DependsOn"]


def test_each_waits_for_nodes_and_for_dns(stage: SynthesizedStage) -> None:
    (nodes,) = stage.resources("cluster", "AWS::EKS::Nodegroup")
    (dns,) = [i for i in stage.resources("cluster", "AWS::EKS::Addon") if "Coredns" in i]
    for release in releases(stage).values():
        assert {nodes, dns} <= set(release["DependsOn"])


def test_pods_start_with_their_identity(stage: SynthesizedStage) -> None:
    """EKS adds it to a pod as it is made, so role and association come first."""
    found = stage.resources("cluster", "AWS::EKS::PodIdentityAssociation")
    made = {a["Properties"]["Namespace"]: (i, a["Properties"]) for i, a in found.items()}
    assert {name: a["ServiceAccount"] for name, (_, a) in made.items()} == WITH_IDENTITY
    for name, (id_, association) in made.items():
        role = joined(association["RoleArn"]).removeprefix("${").partition(".")[0]
        assert {id_, role} <= set(releases(stage)[name]["DependsOn"])
        assert camel(name) in role


def test_permissions_are_there_before_the_pods(stage: SynthesizedStage) -> None:
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy")
    for name in (AUTOSCALER, "external-secrets"):
        (own,) = [i for i in policies if i.startswith(f"Controllers{camel(name)}Policy")]
        assert own in releases(stage)[name]["DependsOn"]


# Two replicas with disruption budgets in production ---------------------------------------------


def test_production_runs_two_of_each_with_a_disruption_budget(
    production: SynthesizedStage,
) -> None:
    assert values(production, LOAD_BALANCER)["replicaCount"] == 2
    assert values(production, LOAD_BALANCER)["podDisruptionBudget"] == {"maxUnavailable": 1}
    assert values(production, AUTOSCALER)["replicaCount"] == 2
    assert values(production, AUTOSCALER)["podDisruptionBudget"] == {"maxUnavailable": 1}
    secrets = values(production, "external-secrets")
    for part in (secrets, secrets["webhook"], secrets["certController"]):
        assert part["replicaCount"] == 2
        assert part["podDisruptionBudget"] == {"enabled": True, "minAvailable": 1}
    restarts = values(production, "reloader")["reloader"]
    assert (restarts["enableHA"], restarts["deployment"]["replicas"]) == (True, 2)
    assert restarts["podDisruptionBudget"] == {"enabled": True, "maxUnavailable": 1}
    scaling = values(production, "keda")
    for part in ("operator", "metricsServer", "webhooks"):
        assert scaling[part]["replicaCount"] == 2
    budgets = scaling["podDisruptionBudget"]
    assert set(budgets) == {"operator", "metricServer", "webhooks"}
    assert all(budget == {"maxUnavailable": 1} for budget in budgets.values())


def test_where_two_run_one_of_them_leads(production: SynthesizedStage) -> None:
    assert values(production, "external-secrets")["leaderElect"] is True
    assert values(production, "reloader")["reloader"]["enableHA"] is True


def test_a_single_replica_has_no_budget_that_would_block_a_drain(
    staging: SynthesizedStage,
) -> None:
    for name in CHARTS:
        for mapping in everything(values(staging, name)):
            budget = mapping.get("podDisruptionBudget", {})
            for each in everything(budget):
                assert each.get("enabled", False) is False
                assert "maxUnavailable" not in each


def test_the_number_of_replicas_is_a_setting() -> None:
    stage = with_cluster(controllers={"replicas": 3})
    assert values(stage, LOAD_BALANCER)["replicaCount"] == 3
    assert values(stage, "keda")["operator"]["replicaCount"] == 3


# Pods --------------------------------------------------------------------------------------------


def test_every_pod_asks_for_processor_and_memory(stage: SynthesizedStage) -> None:
    wanted = {
        LOAD_BALANCER: 1, AUTOSCALER: 1, "external-secrets": 3, "reloader": 1, "keda": 3,
    }  # fmt: skip
    for name, count in wanted.items():
        found = [m for m in everything(values(stage, name)) if "requests" in m]
        assert len(found) == count, name
        for resources in found:
            assert set(resources["requests"]) == {"cpu", "memory"}
            assert set(resources["limits"]) == {"memory"}


@pytest.mark.parametrize("name", [LOAD_BALANCER, AUTOSCALER, "reloader"])
def test_pods_are_restricted_where_the_charts_defaults_are_not(
    stage: SynthesizedStage, name: str
) -> None:
    made = everything(values(stage, name))
    (pod,) = [m for m in made if "runAsNonRoot" in m]
    assert pod["runAsNonRoot"] is True
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = [m for m in made if "allowPrivilegeEscalation" in m]
    assert container == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_what_a_controller_declares_of_its_pods_is_what_helm_gets() -> None:
    """So that a plan of the nodes may count the declarations."""
    made: list[Controller] = [
        keda(replicas=2),
        reloader(replicas=2),
        external_secrets(secret_arns=["a"], secrets_key_arn="k", secrets_manager="s", replicas=2),
    ]
    for controller in made:
        found = [m for m in everything(dict(controller.values)) if "requests" in m]
        assert found == [deployment.resources() for deployment in controller.deployments]
        assert all(deployment.replicas == 2 for deployment in controller.deployments)


def test_a_pod_may_use_twice_the_memory_that_it_asks_for() -> None:
    deployment = ChartDeployment(
        name="p", replicas=1, cpu_request_millicores=50, memory_request_mib=64
    )
    assert deployment.resources() == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"memory": "128Mi"},
    }


# AWS Load Balancer Controller --------------------------------------------------------------------


def test_the_load_balancer_controller_is_told_region_and_vpc(stage: SynthesizedStage) -> None:
    """The nodes' hop limit keeps its pods from the metadata service."""
    made = values(stage, LOAD_BALANCER)
    assert made["region"] == stage.settings.region
    assert "Vpc" in made["vpcId"]
    assert made["clusterName"] == stage.settings.resource_name()


def test_its_webhook_for_services_is_off(stage: SynthesizedStage) -> None:
    """While it is down, no Service of the cluster could be made."""
    assert values(stage, LOAD_BALANCER)["enableServiceMutatorWebhook"] is False


def test_it_makes_no_load_balancers_and_no_rules_of_security_groups(
    stage: SynthesizedStage,
) -> None:
    made = values(stage, LOAD_BALANCER)
    for key in ("enableBackendSecurityGroup", "createIngressClassResource", "enableShield"):
        assert made[key] is False
    for key in ("enableWaf", "enableWafv2"):
        assert made[key] is False
    assert set(made["controllerConfig"]["featureGates"].values()) == {False}
    assert statements(stage, LOAD_BALANCER) == []


def test_it_registers_targets_of_the_applications_target_groups_and_of_no_others(
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
    assert f"Controllers{camel(LOAD_BALANCER)}Role" in joined(role)


# Cluster Autoscaler ------------------------------------------------------------------------------


def test_the_autoscaler_is_of_the_clusters_minor_version(stage: SynthesizedStage) -> None:
    version = stage.settings.cluster.kubernetes_version
    tag = values(stage, AUTOSCALER)["image"]["tag"]
    assert tag == cluster_autoscaler_image_tag(version)
    assert tag.startswith(f"v{version}.")


def test_the_autoscaler_changes_this_clusters_groups_only(stage: SynthesizedStage) -> None:
    name = stage.settings.resource_name()
    assert values(stage, AUTOSCALER)["autoDiscovery"] == {"clusterName": name}
    describe, change = statements(stage, AUTOSCALER)
    (group,) = stage.resources("cluster", "AWS::EKS::Nodegroup")
    assert describe["Action"] == "eks:DescribeNodegroup"
    assert describe["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    assert change["Action"] == [
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
    ]
    tag = f"aws:ResourceTag/k8s.io/cluster-autoscaler/{name}"
    assert change["Condition"] == {"StringEquals": {tag: "owned"}}


def test_a_node_can_go_though_its_pods_have_scratch_space(stage: SynthesizedStage) -> None:
    arguments = values(stage, AUTOSCALER)["extraArgs"]
    assert arguments["skip-nodes-with-local-storage"] is False
    assert arguments["skip-nodes-with-system-pods"] is False


# External Secrets Operator -----------------------------------------------------------------------


def test_external_secrets_reads_the_stages_secrets_and_no_others(stage: SynthesizedStage) -> None:
    """Secrets Manager adds a dash and six characters to each name."""
    read, decrypt = statements(stage, "external-secrets")
    assert read["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    names = {
        secret["Properties"]["Name"]
        for stack in ("security", "data")
        for secret in stage.resources(stack, "AWS::SecretsManager::Secret").values()
    }
    place = f"arn:aws:secretsmanager:{stage.settings.region}:{ACCOUNT}:secret"
    assert {joined(arn) for arn in read["Resource"]} == {f"{place}:{name}-??????" for name in names}
    assert all(name.startswith(f"{stage.settings.resource_name()}/") for name in names)
    assert decrypt["Action"] == "kms:Decrypt"
    assert "KeysSecrets" in joined(decrypt["Resource"])
    service = f"secretsmanager.{stage.settings.region}.amazonaws.com"
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": service}}


def test_no_store_serves_the_whole_cluster(stage: SynthesizedStage) -> None:
    made = values(stage, "external-secrets")
    for name in ("ExternalSecret", "Store", "PushSecret"):
        assert made[f"processCluster{name}"] is False
    assert set(made["crds"].values()) == {False}


# Reloader, KEDA, and what they share ------------------------------------------------------------


def test_reloader_marks_a_restart_where_no_deployment_removes_the_mark(
    stage: SynthesizedStage,
) -> None:
    assert values(stage, "reloader")["reloader"]["reloadStrategy"] == "annotations"


def test_reloader_asks_nothing_of_aws(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    assert not [name for name in roles if name.startswith("ControllersReloader")]


def test_keda_reads_metrics_and_that_is_all(stage: SynthesizedStage) -> None:
    assert statements(stage, "keda") == []
    assert "cloudwatch:GetMetricData" in reads(stage)["Action"]


def test_what_controllers_may_do_to_everything_is_to_describe_it(stage: SynthesizedStage) -> None:
    """The exceptions return what instance types match, and metrics."""
    exceptions = {"ec2:GetInstanceTypesFromInstanceRequirements", "cloudwatch:GetMetricData"}
    for action in set(reads(stage)["Action"]) - exceptions:
        assert action.partition(":")[2].startswith("Describe"), action
        assert "*" not in action


def test_only_those_that_declare_reads_get_them(stage: SynthesizedStage) -> None:
    roles = stage.resources("cluster", "AWS::IAM::Role")
    holders = [
        name for name, role in roles.items() if "ControllersReads" in json.dumps(role["Properties"])
    ]
    names = {LOAD_BALANCER, AUTOSCALER, "keda"}
    assert sorted(name[: name.index("Role")] for name in holders) == sorted(
        f"Controllers{camel(name)}" for name in names
    )


def test_no_permission_of_a_controller_is_a_wildcard_of_actions(stage: SynthesizedStage) -> None:
    for policy in stage.resources("cluster", "AWS::IAM::ManagedPolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            assert all("*" not in action for action in listed(statement["Action"]))
