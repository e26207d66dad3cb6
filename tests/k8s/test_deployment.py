"""INFRASTRUCTURE.md: pods, health checks, rolling updates, application security."""

import pytest

from k8s.application import BACKEND, FRONTEND, Service
from k8s.deployment import PRE_STOP_SECONDS, TERMINATION_GRACE_SECONDS
from tests.k8s.objects import (
    SERVICES,
    containers,
    deployment_spec,
    pod_spec,
    pod_templates,
    service_container,
)
from tests.synthesis import SynthesizedStage

each_service = pytest.mark.parametrize("service", SERVICES)


@pytest.mark.parametrize(
    "name, service, requests, limits",
    [
        ("production", "backend", ("500m", "512Mi"), ("1000m", "1024Mi")),
        ("production", "frontend", ("100m", "128Mi"), ("500m", "256Mi")),
        ("staging", "backend", ("250m", "256Mi"), ("500m", "512Mi")),
        ("staging", "frontend", ("100m", "128Mi"), ("500m", "256Mi")),
    ],
)
def test_containers_have_the_requests_and_limits_of_the_design(
    request: pytest.FixtureRequest,
    name: str,
    service: str,
    requests: tuple[str, str],
    limits: tuple[str, str],
) -> None:
    stage: SynthesizedStage = request.getfixturevalue(name)
    resources = service_container(stage, service)["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == requests
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == limits


@each_service
def test_pods_of_a_service_prefer_different_nodes_and_zones(
    stage: SynthesizedStage, service: str
) -> None:
    labels = deployment_spec(stage, service)["template"]["metadata"]["labels"].items()
    spec = pod_spec(stage, service)
    (term,) = spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"].items() <= labels
    (constraint,) = spec["topologySpreadConstraints"]
    assert constraint["topologyKey"] == "topology.kubernetes.io/zone"
    assert constraint["labelSelector"]["matchLabels"].items() <= labels
    # The pods of a failed zone must start in the other zones.
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"


@each_service
def test_a_deployment_selects_its_own_pods(stage: SynthesizedStage, service: str) -> None:
    labels = deployment_spec(stage, service)["template"]["metadata"]["labels"].items()
    assert deployment_spec(stage, service)["selector"]["matchLabels"].items() <= labels


# Health checks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_probes_request_the_health_paths_of_the_application(
    stage: SynthesizedStage, service: Service
) -> None:
    container = service_container(stage, service.name)
    requests = [
        container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
    ]
    expected = {
        "backend": ["/health/live", "/health/live", "/health/ready"],
        "frontend": ["/health", "/health", "/"],
    }
    assert [request["path"] for request in requests] == expected[service.name]
    assert {request["port"] for request in requests} == {service.port}


@each_service
def test_a_container_may_take_two_minutes_to_start(stage: SynthesizedStage, service: str) -> None:
    startup = service_container(stage, service)["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 120


# Rolling updates --------------------------------------------------------------------------------


@each_service
def test_an_update_adds_a_pod_before_it_removes_one(stage: SynthesizedStage, service: str) -> None:
    strategy = deployment_spec(stage, service)["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert deployment_spec(stage, service)["revisionHistoryLimit"] == 10


@each_service
def test_a_pod_serves_requests_until_it_is_deregistered(
    stage: SynthesizedStage, service: str
) -> None:
    """Otherwise its last requests fail with 502 or 504."""
    groups = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    delays = [
        int(attribute["Value"])
        for group in groups
        for attribute in group["Properties"]["TargetGroupAttributes"]
        if attribute["Key"] == "deregistration_delay.timeout_seconds"
    ]
    assert len(delays) == 2
    command = service_container(stage, service)["lifecycle"]["preStop"]["exec"]["command"]
    assert command == ["sleep", str(PRE_STOP_SECONDS)]
    assert max(delays) < PRE_STOP_SECONDS < TERMINATION_GRACE_SECONDS
    grace_seconds = pod_spec(stage, service)["terminationGracePeriodSeconds"]
    assert grace_seconds == TERMINATION_GRACE_SECONDS


@each_service
def test_the_image_is_a_parameter_so_that_a_deployment_keeps_the_release(
    stage: SynthesizedStage, service: str
) -> None:
    name = f"{service.capitalize()}Image"
    assert service_container(stage, service)["image"] == f"${{{name}}}"
    parameter = stage.templates["workloads"]["Parameters"][name]
    assert parameter["Default"] == stage.settings.services.by_name()[service].image


@each_service
def test_reloader_restarts_the_pods_that_use_a_changed_secret(
    stage: SynthesizedStage, service: str
) -> None:
    deployment = stage.manifest("Deployment", f"spywatcher-{service}")
    assert deployment["metadata"]["annotations"]["reloader.stakater.com/auto"] == "true"


# Application security ---------------------------------------------------------------------------


def test_containers_run_as_non_root(stage: SynthesizedStage) -> None:
    for template in pod_templates(stage):
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert template["spec"]["securityContext"]["runAsUser"] > 0


@each_service
def test_containers_of_services_run_as_user_1001(stage: SynthesizedStage, service: str) -> None:
    assert pod_spec(stage, service)["securityContext"]["runAsUser"] == 1001


def test_root_filesystems_are_read_only(stage: SynthesizedStage) -> None:
    for container in containers(stage):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_the_writable_paths_of_a_service_are_volumes(
    stage: SynthesizedStage, service: Service
) -> None:
    mounts = service_container(stage, service.name)["volumeMounts"]
    assert {mount["mountPath"] for mount in mounts} == set(service.writable_paths)


def test_containers_cannot_escalate_privileges(stage: SynthesizedStage) -> None:
    for container in containers(stage):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not context.get("privileged")
    for template in pod_templates(stage):
        seccomp_profile = template["spec"]["securityContext"]["seccompProfile"]
        assert seccomp_profile == {"type": "RuntimeDefault"}


def test_the_frontend_binds_port_80_with_a_safe_sysctl(stage: SynthesizedStage) -> None:
    assert pod_spec(stage, "frontend")["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
    ]
    assert "sysctls" not in pod_spec(stage, "backend")["securityContext"]
