"""The backend's /metrics, as CloudWatch's agent reads them."""

import json
import re
from typing import Any

from settings.system_pods import METRICS_READER
from tests.synthesis import SynthesizedStage, joined

AGENT = "cloudwatch-agent-prometheus"


def agents(stage: SynthesizedStage) -> list[dict[str, Any]]:
    """Return the agents that are applied to the cluster beside the add-on's."""
    resources = stage.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource").values()
    manifests = [json.loads(joined(each["Properties"]["Manifest"])) for each in resources]
    return [
        each
        for manifest in manifests
        for each in manifest
        if each["kind"] == "AmazonCloudWatchAgent"
    ]


def agent(stage: SynthesizedStage) -> dict[str, Any]:
    (found,) = agents(stage)
    assert found["metadata"]["name"] == AGENT
    read: dict[str, Any] = found["spec"]
    return read


def configuration(stage: SynthesizedStage) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(agent(stage)["config"])
    return read


def job(stage: SynthesizedStage) -> dict[str, Any]:
    (found,) = agent(stage)["prometheus"]["config"]["scrape_configs"]
    read: dict[str, Any] = found
    return read


def conversion(stage: SynthesizedStage) -> dict[str, Any]:
    read: dict[str, Any] = configuration(stage)["logs"]["metrics_collected"]["prometheus"]
    return read


def kept(stage: SynthesizedStage, labels: dict[str, str], rules: str) -> bool:
    """Return whether Prometheus keeps what has these labels: a rule matches them whole."""
    return all(
        re.fullmatch(
            rule["regex"], ";".join(labels.get(each, "") for each in rule["source_labels"])
        )
        for rule in job(stage)[rules]
    )


def pods(stage: SynthesizedStage, component: str) -> list[dict[str, str]]:
    """Return what Prometheus finds of a service's pods: an entry for each declared port."""
    found = []
    for each in stage.manifests():
        template = each.get("spec", {}).get("template", {})
        if each["kind"] != "Deployment" or f"-{component}" not in each["metadata"]["name"]:
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


def test_one_agent_asks_the_backend_beside_those_on_the_nodes(production: SynthesizedStage) -> None:
    assert (agent(production)["mode"], agent(production)["replicas"]) == ("deployment", 1)


def test_it_is_a_pod_that_network_policies_know(production: SynthesizedStage) -> None:
    assert "hostNetwork" not in agent(production)
    (found,) = agents(production)
    policy = production.manifest("NetworkPolicy", "spywatcher-backend")
    selectors = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in policy["spec"]["ingress"]
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    assert selectors == [found["metadata"]["namespace"]]


def test_it_writes_with_the_identity_that_the_add_on_has(production: SynthesizedStage) -> None:
    assert agent(production)["serviceAccount"] == "cloudwatch-agent"


def test_it_need_not_ask_its_node_for_the_region(production: SynthesizedStage) -> None:
    assert configuration(production)["agent"] == {"region": production.settings.region}


def test_its_kind_is_there_before_it(production: SynthesizedStage) -> None:
    resources = production.resources("cluster", "Custom::AWSCDK-EKS-KubernetesResource").values()
    (applied,) = [each for each in resources if AGENT in json.dumps(each["Properties"]["Manifest"])]
    add_ons = production.resources("cluster", "AWS::EKS::Addon").items()
    (add_on,) = [
        id_
        for id_, each in add_ons
        if each["Properties"]["AddonName"] == "amazon-cloudwatch-observability"
    ]
    assert add_on in applied["DependsOn"]


def test_it_requests_what_the_settings_reckon_with(production: SynthesizedStage) -> None:
    requests = agent(production)["resources"]["requests"]
    expected = (METRICS_READER.cpu_request_millicores, METRICS_READER.memory_request_mib)
    assert (f"{expected[0]}m", f"{expected[1]}Mi") == (requests["cpu"], requests["memory"])
    assert METRICS_READER.name == AGENT


def test_it_finds_the_backends_pods_and_no_others(production: SynthesizedStage) -> None:
    assert job(production)["kubernetes_sd_configs"] == [
        {"role": "pod", "namespaces": {"names": ["spywatcher"]}}
    ]
    for each in pods(production, "backend"):
        assert kept(production, each, "relabel_configs")
    for each in pods(production, "frontend"):
        assert not kept(production, each, "relabel_configs")


def test_pods_that_have_ended_are_not_asked(production: SynthesizedStage) -> None:
    for each in pods(production, "backend"):
        ended = {**each, "__meta_kubernetes_pod_phase": "Succeeded"}
        assert not kept(production, ended, "relabel_configs")


def test_what_becomes_no_metric_is_dropped_before_it_is_logged(
    production: SynthesizedStage,
) -> None:
    (declaration,) = conversion(production)["emf_processor"]["metric_declaration"]
    for selector in declaration["metric_selectors"]:
        name = selector.strip("^$")
        assert kept(production, {"__name__": name}, "metric_relabel_configs")
    for name in ("http_request_duration_seconds_bucket", "process_cpu_seconds_total"):
        assert not kept(production, {"__name__": name}, "metric_relabel_configs")


def test_metrics_have_few_dimensions_and_not_the_route(production: SynthesizedStage) -> None:
    (declaration,) = conversion(production)["emf_processor"]["metric_declaration"]
    assert declaration["dimensions"] == [["ClusterName", "job"]]
    assert conversion(production)["cluster_name"] == production.settings.resource_name()
    assert re.fullmatch(declaration["label_matcher"], job(production)["job_name"])


def test_its_log_group_is_there_before_it_and_kept_like_the_others(
    production: SynthesizedStage,
) -> None:
    groups = production.resources("cluster", "AWS::Logs::LogGroup").values()
    (group,) = [
        each["Properties"]
        for each in groups
        if joined(each["Properties"]["LogGroupName"]) == conversion(production)["log_group_name"]
    ]
    assert group["RetentionInDays"] == production.settings.cluster.pod_log_retention_days
    assert "KmsKeyId" in group


def test_a_stage_may_do_without(production: SynthesizedStage, staging: SynthesizedStage) -> None:
    """Staging does: another pod is more than its nodes take while a zone is lost."""
    assert not agents(staging)
    for stage, expected in ((production, True), (staging, False)):
        dashboards = stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
        shown = any("http_requests_total" in json.dumps(each) for each in dashboards)
        assert shown == expected
