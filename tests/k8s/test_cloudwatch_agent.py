"""The CloudWatch agent that scrapes the backend, as the cluster stack applies it."""

import json
import re
from typing import Any

from settings.system_pods import PROMETHEUS_AGENT
from settings.versions import CLOUDWATCH_AGENT, CLOUDWATCH_AGENT_TAG
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

KIND = "AmazonCloudWatchAgent"
AGENT = "cloudwatch-agent-prometheus"


def agents(stage: SynthesizedStage) -> list[dict[str, Any]]:
    """Return the agents that the cluster stack applies in addition to the add-on's."""
    resources = stage.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource").values()
    manifests = [json.loads(as_text(resource["Properties"]["Manifest"])) for resource in resources]
    return [item for manifest in manifests for item in manifest if item["kind"] == KIND]


def agent(stage: SynthesizedStage) -> dict[str, Any]:
    """Return the spec of the one agent."""
    (manifest,) = agents(stage)
    assert manifest["metadata"]["name"] == AGENT
    spec: dict[str, Any] = manifest["spec"]
    return spec


def configuration(stage: SynthesizedStage) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(agent(stage)["config"])
    return config


def scrape_job(stage: SynthesizedStage) -> dict[str, Any]:
    job: dict[str, Any]
    (job,) = agent(stage)["prometheus"]["config"]["scrape_configs"]
    return job


def prometheus_section(stage: SynthesizedStage) -> dict[str, Any]:
    section: dict[str, Any] = configuration(stage)["logs"]["metrics_collected"]["prometheus"]
    return section


def is_kept(stage: SynthesizedStage, labels: dict[str, str], rules: str) -> bool:
    """Return whether each relabeling rule matches the whole value of its labels."""
    return all(
        re.fullmatch(
            rule["regex"], ";".join(labels.get(label, "") for label in rule["source_labels"])
        )
        for rule in scrape_job(stage)[rules]
    )


def scrape_targets(stage: SynthesizedStage, component: str) -> list[dict[str, str]]:
    """Return the labels of a service's pods in Prometheus: one target for each declared port."""
    found = []
    for manifest in stage.manifests():
        template = manifest.get("spec", {}).get("template", {})
        if manifest["kind"] != "Deployment" or f"-{component}" not in manifest["metadata"]["name"]:
            continue
        labels = {
            "__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", key): value
            for key, value in template["metadata"]["labels"].items()
        }
        for container in template["spec"]["containers"]:
            for port in container["ports"]:
                number = {"__meta_kubernetes_pod_container_port_number": str(port["containerPort"])}
                found.append({**labels, **number, "__meta_kubernetes_pod_phase": "Running"})
    assert found, component
    return found


def test_one_agent_scrapes_the_backend(production: SynthesizedStage) -> None:
    assert (agent(production)["mode"], agent(production)["replicas"]) == ("deployment", 1)


def test_network_policies_admit_the_agent_by_its_namespace(production: SynthesizedStage) -> None:
    assert "hostNetwork" not in agent(production)
    (manifest,) = agents(production)
    policy = production.manifest("NetworkPolicy", "spywatcher-backend")
    selectors = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    assert selectors == [manifest["metadata"]["namespace"]]


def test_the_agent_uses_the_service_account_of_the_add_on(production: SynthesizedStage) -> None:
    assert agent(production)["serviceAccount"] == "cloudwatch-agent"


def test_the_agent_gets_its_region_from_the_configuration(production: SynthesizedStage) -> None:
    assert configuration(production)["agent"] == {"region": production.settings.region}


def test_the_agent_finds_the_credentials_of_its_pod_identity(production: SynthesizedStage) -> None:
    """On the pod network, the hop limit of 1 hides the instance metadata from it."""
    variables = {item["name"]: item.get("value") for item in agent(production)["env"]}
    assert variables["RUN_WITH_IRSA"] == "True"
    for template in production.resources("cluster", "AWS::EC2::LaunchTemplate").values():
        options = template["Properties"]["LaunchTemplateData"]["MetadataOptions"]
        assert options["HttpPutResponseHopLimit"] == 1


def test_the_agent_has_the_image_of_the_agents_on_the_nodes(production: SynthesizedStage) -> None:
    """Otherwise the operator uses the version that it was built with."""
    assert agent(production)["image"] == CLOUDWATCH_AGENT
    assert CLOUDWATCH_AGENT.rpartition(":")[2] == CLOUDWATCH_AGENT_TAG.tag


def test_the_agent_is_applied_after_the_add_on(production: SynthesizedStage) -> None:
    """The add-on installs the custom resource definition."""
    resources = production.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource").values()
    (applied,) = [
        resource
        for resource in resources
        if AGENT in json.dumps(resource["Properties"]["Manifest"])
    ]
    (add_on,) = [
        logical_id
        for logical_id, resource in production.resources("cluster", "AWS::EKS::Addon").items()
        if resource["Properties"]["AddonName"] == "amazon-cloudwatch-observability"
    ]
    assert add_on in applied["DependsOn"]


def test_the_agent_requests_what_the_capacity_settings_assume(
    production: SynthesizedStage,
) -> None:
    requests = agent(production)["resources"]["requests"]
    expected = (PROMETHEUS_AGENT.cpu_request_millicores, PROMETHEUS_AGENT.memory_request_mib)
    assert (f"{expected[0]}m", f"{expected[1]}Mi") == (requests["cpu"], requests["memory"])
    assert PROMETHEUS_AGENT.name == AGENT


def test_the_agent_scrapes_the_pods_of_the_backend_alone(production: SynthesizedStage) -> None:
    assert scrape_job(production)["kubernetes_sd_configs"] == [
        {"role": "pod", "namespaces": {"names": ["spywatcher"]}}
    ]
    for target in scrape_targets(production, "backend"):
        assert is_kept(production, target, "relabel_configs")
    for target in scrape_targets(production, "frontend"):
        assert not is_kept(production, target, "relabel_configs")


def test_pods_that_have_ended_are_not_scraped(production: SynthesizedStage) -> None:
    for target in scrape_targets(production, "backend"):
        ended = {**target, "__meta_kubernetes_pod_phase": "Succeeded"}
        assert not is_kept(production, ended, "relabel_configs")


def test_samples_that_become_no_metric_are_dropped_before_they_are_logged(
    production: SynthesizedStage,
) -> None:
    (declaration,) = prometheus_section(production)["emf_processor"]["metric_declaration"]
    for selector in declaration["metric_selectors"]:
        name = selector.strip("^$")
        assert is_kept(production, {"__name__": name}, "metric_relabel_configs")
    for name in ("http_request_duration_seconds_bucket", "process_cpu_seconds_total"):
        assert not is_kept(production, {"__name__": name}, "metric_relabel_configs")


def test_metrics_have_few_dimensions_and_not_the_route(production: SynthesizedStage) -> None:
    section = prometheus_section(production)
    (declaration,) = section["emf_processor"]["metric_declaration"]
    assert declaration["dimensions"] == [["ClusterName", "job"]]
    assert section["cluster_name"] == production.settings.resource_name()
    assert re.fullmatch(declaration["label_matcher"], scrape_job(production)["job_name"])


def test_the_stack_creates_the_log_group_with_its_retention_and_encryption(
    production: SynthesizedStage,
) -> None:
    name = prometheus_section(production)["log_group_name"]
    (group,) = [
        resource["Properties"]
        for resource in production.resources("cluster", "AWS::Logs::LogGroup").values()
        if as_text(resource["Properties"]["LogGroupName"]) == name
    ]
    assert group["RetentionInDays"] == production.settings.cluster.pod_log_retention_days
    assert "KmsKeyId" in group


def test_staging_has_no_agent(staging: SynthesizedStage) -> None:
    """Its nodes have no room for another pod while a zone is lost."""
    assert not agents(staging)
