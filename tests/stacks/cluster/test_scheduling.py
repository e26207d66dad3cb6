"""INFRASTRUCTURE.md, High Availability: every scale fits the nodes, and survives a lost zone."""

import json
from collections.abc import Sequence

import pytest

from k8s.charts import database_bootstrap_chart
from settings.capacity import Pod, allocatable
from settings.services import DATABASE_BOOTSTRAP, MAX_SURGE, MIN_AVAILABLE
from settings.system_pods import DAEMON_SETS, DEPLOYMENTS, SystemWorkload, daemon_set_pods
from tests.stacks.cluster.resources import add_ons, helm_releases, helm_values, nested_mappings
from tests.stacks.cluster.scheduling import (
    CRITICAL,
    INITIAL,
    MINIMUM,
    RELEASE,
    SCALES,
    application_pods,
    millicores_and_mebibytes,
    objects_of_kind,
    pod_of,
    replicas,
    running_cluster,
    simulate,
)
from tests.synthesis import SynthesizedStage

each_scale = pytest.mark.parametrize("scale", SCALES)

# Every scale fits -------------------------------------------------------------------------------


@each_scale
def test_every_scale_fits_the_node_group(stage: SynthesizedStage, scale: str) -> None:
    outcome = simulate(stage, scale)
    assert outcome.nodes <= outcome.max_nodes
    for requested, offered in zip(outcome.requested, outcome.allocatable, strict=True):
        assert requested <= offered


@each_scale
def test_every_scale_fits_two_zones_within_the_same_maximum(
    stage: SynthesizedStage, scale: str
) -> None:
    outcome = simulate(stage, scale)
    assert outcome.never_scheduled == ()
    assert outcome.nodes_after_recovery <= outcome.max_nodes


def test_production_needs_no_more_nodes_than_the_design_has(production: SynthesizedStage) -> None:
    assert simulate(production, MINIMUM).nodes == 2
    assert simulate(production, INITIAL).nodes == 3


@each_scale
def test_a_pod_of_each_service_survives_the_failure_of_any_zone_in_production(
    production: SynthesizedStage, scale: str
) -> None:
    cluster = running_cluster(production, scale)
    for zone in cluster.zones:
        names = {pod.name for node in cluster.nodes if node.zone != zone for pod in node.pods}
        assert {"backend", "frontend"} <= names


def test_one_backend_pod_is_pending_after_the_failure_of_a_zone_in_production(
    production: SynthesizedStage,
) -> None:
    pending = simulate(production, INITIAL).pending_after_failure
    assert [pod.name for pod in pending] == ["backend"]


@each_scale
def test_critical_pods_are_never_pending_after_the_failure_of_a_zone(
    stage: SynthesizedStage, scale: str
) -> None:
    """Without DNS and the Cluster Autoscaler, no node would be added for the other pods."""
    pending = simulate(stage, scale).pending_after_failure
    assert not {pod.name for pod in pending} & set(CRITICAL)
    values = helm_values(stage, "cluster-autoscaler")
    assert values["priorityClassName"] == "system-cluster-critical"


def test_anti_affinity_and_topology_spread_are_preferences(stage: SynthesizedStage) -> None:
    """A requirement could keep a pod pending."""
    for deployment in objects_of_kind(stage, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert list(pod["affinity"]) == ["podAntiAffinity"]
        assert list(pod["affinity"]["podAntiAffinity"]) == [
            "preferredDuringSchedulingIgnoredDuringExecution"
        ]
        constraints = pod["topologySpreadConstraints"]
        assert {item["whenUnsatisfiable"] for item in constraints} == {"ScheduleAnyway"}


def test_staging_does_not_fit_its_minimum_of_one_node(staging: SynthesizedStage) -> None:
    """CPU and memory would suffice, but a t3.medium runs 17 pods at most."""
    outcome = simulate(staging, MINIMUM)
    node = allocatable("t3.medium")
    assert (outcome.nodes_at_start, outcome.nodes) == (1, 2)
    pods_on_one_node = outcome.pods + len(DAEMON_SETS)
    assert pods_on_one_node == 20 > node.pods == 17
    daemon_set_cpu = sum(pod.cpu_millicores for pod in daemon_set_pods())
    assert outcome.requested.cpu_millicores - daemon_set_cpu <= node.cpu_millicores


@each_scale
def test_every_node_can_be_drained(stage: SynthesizedStage, scale: str) -> None:
    """The other nodes fit its pods, together with the node that an update adds."""
    for index in range(len(running_cluster(stage, scale).nodes)):
        cluster = running_cluster(stage, scale)
        cluster.max_nodes = len(cluster.nodes)
        assert cluster.schedule(cluster.drain(cluster.nodes[index])) == []


@each_scale
def test_every_disruption_budget_allows_an_eviction(stage: SynthesizedStage, scale: str) -> None:
    budgets = objects_of_kind(stage, "PodDisruptionBudget")
    assert budgets
    for budget in budgets:
        spec = budget["spec"]
        count = replicas(stage, budget, scale)
        allowed = spec.get("maxUnavailable") or count - spec["minAvailable"]
        assert allowed >= 1
        assert spec.get("minAvailable", 0) in (0, MIN_AVAILABLE)


# The requests in the settings are those in the templates ----------------------------------------


def sizes(workloads: Sequence[SystemWorkload]) -> list[tuple[int, int]]:
    return sorted((item.cpu_request_millicores, item.memory_request_mib) for item in workloads)


def test_controllers_request_what_the_settings_contain(stage: SynthesizedStage) -> None:
    for name in helm_releases(stage):
        workloads = [workload for workload in DEPLOYMENTS if workload.part_of == name]
        mappings = nested_mappings(helm_values(stage, name))
        requests = [
            millicores_and_mebibytes(mapping["requests"])
            for mapping in mappings
            if "requests" in mapping
        ]
        assert sorted(requests) == sizes(workloads), name
        counts = [
            mapping[key]
            for mapping in mappings
            for key in ("replicaCount", "replicas")
            if key in mapping
        ]
        assert counts == [stage.settings.cluster.controllers.replicas] * len(workloads), name
        assert all(workload.replicas is None for workload in workloads), name


def test_add_ons_have_the_replicas_of_the_settings_and_their_own_requests(
    stage: SynthesizedStage,
) -> None:
    names = {workload.part_of for workload in [*DAEMON_SETS, *DEPLOYMENTS]}
    assert set(add_ons(stage)) == names - set(helm_releases(stage))
    replicas_of = {workload.part_of: workload.replicas for workload in DEPLOYMENTS}
    for name, add_on in add_ons(stage).items():
        configuration = json.loads(add_on["Properties"].get("ConfigurationValues", "{}"))
        assert not [item for item in nested_mappings(configuration) if "requests" in item], name
        for key in ("replicaCount", "replicas"):
            if key in configuration:
                expected = replicas_of[name] or stage.settings.cluster.controllers.replicas
                assert configuration[key] == expected, name
    assert replicas_of["coredns"] == 2


def test_the_application_requests_no_more_than_the_settings_expect(
    stage: SynthesizedStage,
) -> None:
    """The settings reject services that do not fit the nodes during a release at maximum scale."""
    expected = {
        (name, resources.cpu_request_millicores, resources.memory_request_mib): count
        for name, count, resources in stage.settings.services.peak_pods()
    }
    pods = application_pods(stage, RELEASE)
    for pod in set(pods):
        assert pods.count(pod) <= expected[pod]
    assert {pod.name for pod in pods} >= {"backend", "frontend"}
    surges = {
        deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        for deployment in objects_of_kind(stage, "Deployment")
    }
    assert surges == {MAX_SURGE}


def test_the_database_bootstrap_has_the_requests_and_limits_of_the_settings() -> None:
    chart = database_bootstrap_chart(instance="i", region="us-east-1", release="1")
    (job,) = [item for item in chart if item["kind"] == "Job"]
    assert pod_of(job) == Pod(
        "database-bootstrap",
        DATABASE_BOOTSTRAP.cpu_request_millicores,
        DATABASE_BOOTSTRAP.memory_request_mib,
    )
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert millicores_and_mebibytes(container["resources"]["limits"]) == (
        DATABASE_BOOTSTRAP.cpu_limit_millicores,
        DATABASE_BOOTSTRAP.memory_limit_mib,
    )
