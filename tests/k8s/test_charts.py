"""INFRASTRUCTURE.md: Application Layer, Application Security, Horizontal Scaling, RBAC."""

import json
from typing import Any

import pytest

from k8s.application import BACKEND, FRONTEND, Service
from k8s.charts import autoscaler_chart, service_chart, target_group_binding_chart
from k8s.deployment import PRE_STOP_SECONDS, TERMINATION_GRACE_SECONDS
from settings import load_stage
from tests.k8s.objects import amount, containers, objects, pods
from tests.synthesis import SynthesizedStage

SERVICES = ("backend", "frontend")
each_service = pytest.mark.parametrize("service", SERVICES)


def deployment(stage: SynthesizedStage, service: str) -> dict[str, Any]:
    spec: dict[str, Any] = stage.manifest("Deployment", f"spywatcher-{service}")["spec"]
    return spec


def pod(stage: SynthesizedStage, service: str) -> dict[str, Any]:
    spec: dict[str, Any] = deployment(stage, service)["template"]["spec"]
    return spec


def container(stage: SynthesizedStage, service: str) -> dict[str, Any]:
    (found,) = pod(stage, service)["containers"]
    return dict(found)


# Pods: the sizes of the design ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, service, requests, limits, bounds",
    [
        ("production", "backend", ("500m", "512Mi"), ("1000m", "1024Mi"), (2, 10)),
        ("production", "frontend", ("100m", "128Mi"), ("500m", "256Mi"), (2, 5)),
        ("staging", "backend", ("250m", "256Mi"), ("500m", "512Mi"), (1, 3)),
        ("staging", "frontend", ("100m", "128Mi"), ("500m", "256Mi"), (1, 2)),
    ],
)
def test_pods_have_the_sizes_and_limits_of_the_design(
    request: pytest.FixtureRequest,
    name: str,
    service: str,
    requests: tuple[str, str],
    limits: tuple[str, str],
    bounds: tuple[int, int],
) -> None:
    stage: SynthesizedStage = request.getfixturevalue(name)
    resources = container(stage, service)["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == requests
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == limits
    scaler = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == bounds


# Multiple replicas across availability zones; pod anti-affinity rules ---------------------------


@each_service
def test_pods_avoid_a_node_that_has_one_and_spread_over_the_zones(
    stage: SynthesizedStage, service: str
) -> None:
    labels = deployment(stage, service)["template"]["metadata"]["labels"].items()
    spec = pod(stage, service)
    (term,) = spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"
    assert term["podAffinityTerm"]["labelSelector"]["matchLabels"].items() <= labels
    (zones,) = spec["topologySpreadConstraints"]
    assert zones["topologyKey"] == "topology.kubernetes.io/zone"
    assert zones["labelSelector"]["matchLabels"].items() <= labels
    # A lost zone must not keep its pods from being started elsewhere.
    assert zones["whenUnsatisfiable"] == "ScheduleAnyway"


# Pod disruption budgets (min 1 available) -------------------------------------------------------


@each_service
def test_one_pod_stays_available(production: SynthesizedStage, service: str) -> None:
    budget = production.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["minAvailable"] == 1
    assert "maxUnavailable" not in budget


@each_service
def test_a_single_pod_does_not_block_the_drain_of_its_node(
    staging: SynthesizedStage, service: str
) -> None:
    budget = staging.manifest("PodDisruptionBudget", f"spywatcher-{service}")["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget


@each_service
def test_a_budget_and_a_selector_are_of_the_pods(stage: SynthesizedStage, service: str) -> None:
    name = f"spywatcher-{service}"
    labels = deployment(stage, service)["template"]["metadata"]["labels"].items()
    assert deployment(stage, service)["selector"]["matchLabels"].items() <= labels
    budget = stage.manifest("PodDisruptionBudget", name)["spec"]
    assert budget["selector"]["matchLabels"].items() <= labels


# Health checks with automatic restart; liveness and readiness probes ----------------------------


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_probes_ask_what_the_application_answers(stage: SynthesizedStage, service: Service) -> None:
    probes = container(stage, service.name)
    paths = {
        kind: probes[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "liveness", "readiness")
    }
    expected = {
        "backend": ("/health/live", "/health/live", "/health/ready"),
        "frontend": ("/health", "/health", "/"),
    }
    assert tuple(paths.values()) == expected[service.name]
    assert {probes[f"{kind}Probe"]["httpGet"]["port"] for kind in paths} == {service.port}


@each_service
def test_a_slow_start_is_not_taken_for_a_hang(stage: SynthesizedStage, service: str) -> None:
    startup = container(stage, service)["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 120


# Rolling update: zero downtime ------------------------------------------------------------------


@each_service
def test_a_release_adds_a_pod_before_it_takes_one_away(
    stage: SynthesizedStage, service: str
) -> None:
    strategy = deployment(stage, service)["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert deployment(stage, service)["revisionHistoryLimit"] == 10


@each_service
def test_a_pod_serves_until_the_load_balancer_has_let_it_go(
    stage: SynthesizedStage, service: str
) -> None:
    """Or the last requests are answered with 502 and 504."""
    groups = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    delays = [
        int(attribute["Value"])
        for group in groups
        for attribute in group["Properties"]["TargetGroupAttributes"]
        if attribute["Key"] == "deregistration_delay.timeout_seconds"
    ]
    assert len(delays) == 2
    command = container(stage, service)["lifecycle"]["preStop"]["exec"]["command"]
    assert command == ["sleep", str(PRE_STOP_SECONDS)]
    assert max(delays) < PRE_STOP_SECONDS < TERMINATION_GRACE_SECONDS
    assert pod(stage, service)["terminationGracePeriodSeconds"] == TERMINATION_GRACE_SECONDS


def test_a_new_pod_counts_when_the_load_balancer_sends_to_it(stage: SynthesizedStage) -> None:
    labels = stage.manifest("Namespace", "spywatcher")["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_pods_join_the_target_group_of_their_service(
    stage: SynthesizedStage, service: Service
) -> None:
    spec = stage.manifest("TargetGroupBinding", f"spywatcher-{service.name}")["spec"]
    groups = stage.resources("workloads", "AWS::ElasticLoadBalancingV2::TargetGroup")
    (group,) = [
        logical_id
        for logical_id, made in groups.items()
        if made["Properties"]["Port"] == service.port
    ]
    assert spec["targetGroupARN"] == f"${{{group}}}"
    assert groups[group]["Properties"]["TargetType"] == spec["targetType"] == "ip"
    made = stage.manifest("Service", spec["serviceRef"]["name"])["spec"]
    assert [port["port"] for port in made["ports"]] == [spec["serviceRef"]["port"]]


# Application Security ---------------------------------------------------------------------------


def test_containers_run_as_non_root(stage: SynthesizedStage) -> None:
    for each in pods(stage):
        assert each["spec"]["securityContext"]["runAsNonRoot"] is True
        assert each["spec"]["securityContext"]["runAsUser"] > 0
    for service in SERVICES:
        assert pod(stage, service)["securityContext"]["runAsUser"] == 1001


@pytest.mark.parametrize("service", [BACKEND, FRONTEND])
def test_root_filesystems_are_read_only_but_for_what_the_application_writes(
    stage: SynthesizedStage, service: Service
) -> None:
    made = container(stage, service.name)
    assert {mount["mountPath"] for mount in made["volumeMounts"]} == set(service.writable_paths)
    for each in containers(stage):
        assert each["securityContext"]["readOnlyRootFilesystem"] is True


def test_there_is_no_privilege_escalation(stage: SynthesizedStage) -> None:
    for each in containers(stage):
        context = each["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not context.get("privileged")
    for each in pods(stage):
        assert each["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_frontend_binds_its_port_by_a_safe_sysctl(stage: SynthesizedStage) -> None:
    assert pod(stage, "frontend")["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
    ]
    assert "sysctls" not in pod(stage, "backend")["securityContext"]


def test_the_namespace_takes_restricted_pods_only(stage: SynthesizedStage) -> None:
    labels = stage.manifest("Namespace", "spywatcher")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_no_pod_mounts_a_token_of_kubernetes(stage: SynthesizedStage) -> None:
    accounts = [item for item in objects(stage) if item["kind"] == "ServiceAccount"]
    assert len(accounts) == 4
    assert all(account["automountServiceAccountToken"] is False for account in accounts)
    names = [each["spec"]["serviceAccountName"] for each in pods(stage)]
    assert len(set(names)) == 4, "an account each"
    assert all(each["spec"]["automountServiceAccountToken"] is False for each in pods(stage))


# Horizontal Scaling: CPU > 70%, memory > 80%, custom metrics (request rate) ----------------------


@each_service
def test_a_deployment_leaves_its_replicas_to_the_autoscaler(
    stage: SynthesizedStage, service: str
) -> None:
    assert "replicas" not in deployment(stage, service)
    scaler = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", f"spywatcher-{service}")
    assert 1 <= scaler["minReplicas"] <= scaler["maxReplicas"]


@pytest.mark.parametrize("name, counts", [("production", (3, 2)), ("staging", (1, 1))])
def test_the_first_deployment_starts_the_designed_count(
    request: pytest.FixtureRequest, name: str, counts: tuple[int, int]
) -> None:
    stage: SynthesizedStage = request.getfixturevalue(name)
    patches = stage.resources("workloads", "Custom::AWSCDK-EKS-KubernetesPatch").values()
    found = {
        each["Properties"]["ResourceName"]: json.loads(each["Properties"]["ApplyPatchJson"])
        for each in patches
    }
    assert found == {
        f"deployment/spywatcher-{service}": {"spec": {"replicas": count}}
        for service, count in zip(SERVICES, counts, strict=True)
    }
    assert {each["Properties"]["RestorePatchJson"] for each in patches} == {"{}"}


@each_service
def test_scaling_starts_at_70_percent_cpu_and_80_percent_memory(
    stage: SynthesizedStage, service: str
) -> None:
    metrics = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]["metrics"]
    targets = {
        metric["resource"]["name"]: metric["resource"]["target"]["averageUtilization"]
        for metric in metrics
    }
    assert targets == {"cpu": 70, "memory": 80}


@each_service
def test_scaling_is_fast_upwards_and_slow_downwards(stage: SynthesizedStage, service: str) -> None:
    behaviour = stage.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"][
        "behavior"
    ]
    assert behaviour == {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Percent", "value": 100, "periodSeconds": 30},
                {"type": "Pods", "value": 2, "periodSeconds": 30},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": 300,
            "selectPolicy": "Min",
            "policies": [
                {"type": "Percent", "value": 50, "periodSeconds": 60},
                {"type": "Pods", "value": 1, "periodSeconds": 60},
            ],
        },
    }


def test_the_request_rate_adopts_the_autoscaler_and_says_all_of_it_again(
    stage: SynthesizedStage,
) -> None:
    """KEDA replaces the spec of an autoscaler that it takes over."""
    scaled = stage.manifest("ScaledObject", "spywatcher-backend")
    scaler = stage.manifest("HorizontalPodAutoscaler", "spywatcher-backend")["spec"]
    assert scaled["metadata"]["annotations"] == {
        "scaledobject.keda.sh/transfer-hpa-ownership": "true"
    }
    spec = scaled["spec"]
    adopted = spec["advanced"]["horizontalPodAutoscalerConfig"]
    assert adopted == {"name": "spywatcher-backend", "behavior": scaler["behavior"]}
    assert spec["scaleTargetRef"] == scaler["scaleTargetRef"]
    assert spec["minReplicaCount"] == scaler["minReplicas"]
    assert spec["maxReplicaCount"] == scaler["maxReplicas"]
    utilization = {each["type"]: each["metadata"]["value"] for each in spec["triggers"][:2]}
    assert utilization == {"cpu": "70", "memory": "80"}


def test_requests_are_counted_by_target_group_and_divided_by_the_pods_once(
    stage: SynthesizedStage,
) -> None:
    trigger = stage.manifest("ScaledObject", "spywatcher-backend")["spec"]["triggers"][2]
    metadata = trigger["metadata"]
    assert trigger["metricType"] == "AverageValue"
    assert (metadata["metricName"], metadata["metricStat"]) == ("RequestCount", "Sum")
    assert metadata["metricStatPeriod"] == metadata["metricEndTimeOffset"] == "60"
    names = metadata["dimensionName"].split(";")
    values = metadata["dimensionValue"].split(";")
    assert names == ["LoadBalancer", "TargetGroup"]
    assert "LoadBalancerFullName" in values[0] and "TargetGroupFullName" in values[1]
    assert metadata["targetMetricValue"] == str(
        stage.settings.services.backend.requests_per_minute_per_pod
    )
    authentication = stage.manifest("TriggerAuthentication", trigger["authenticationRef"]["name"])
    assert authentication["spec"] == {"podIdentity": {"provider": "aws"}}


def test_a_service_without_a_request_rate_has_no_scaled_object(stage: SynthesizedStage) -> None:
    assert stage.settings.services.frontend.requests_per_minute_per_pod is None
    names = [i["metadata"]["name"] for i in objects(stage) if i["kind"] == "ScaledObject"]
    assert names == ["spywatcher-backend"]


# Namespace quota ---------------------------------------------------------------------------------


def test_the_namespace_is_bounded_as_the_existing_deployment_is(stage: SynthesizedStage) -> None:
    hard = stage.manifest("ResourceQuota", "spywatcher")["spec"]["hard"]
    assert {name: amount(value) for name, value in hard.items()} == {
        "requests.cpu": 20,
        "limits.cpu": 40,
        "requests.memory": 40 * 2**30,
        "limits.memory": 80 * 2**30,
        "services.nodeports": 0,
        "services.loadbalancers": 0,
    }


def test_a_container_that_says_nothing_is_bounded_too(stage: SynthesizedStage) -> None:
    (limits,) = stage.manifest("LimitRange", "spywatcher")["spec"]["limits"]
    assert limits["type"] == "Container"
    for resource in ("cpu", "memory"):
        assert amount(limits["defaultRequest"][resource]) <= amount(limits["default"][resource])


def test_the_application_goes_first_and_evicts_nobody(stage: SynthesizedStage) -> None:
    priority = stage.manifest("PriorityClass", "spywatcher")
    assert priority["value"] > 0
    assert priority["preemptionPolicy"] == "Never"
    assert priority["globalDefault"] is False


# RBAC in Kubernetes -----------------------------------------------------------------------------


def test_who_is_on_call_restarts_scales_and_rolls_back_in_this_namespace(
    stage: SynthesizedStage,
) -> None:
    role = stage.manifest("Role", "spywatcher-on-call")
    allowed = {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert allowed == {
        ("deployments", "patch"),
        ("deployments/scale", "get"),
        ("deployments/scale", "update"),
        ("deployments/scale", "patch"),
        ("horizontalpodautoscalers", "patch"),
        ("scaledobjects", "patch"),
        ("pods", "delete"),
        ("pods/eviction", "create"),
        ("jobs", "delete"),
    }


def test_no_role_reads_secrets_runs_commands_or_has_a_wildcard(stage: SynthesizedStage) -> None:
    roles = [item for item in objects(stage) if item["kind"] == "Role"]
    assert len(roles) == 2
    for role in roles:
        for rule in role["rules"]:
            assert not {"secrets", "pods/exec", "pods/attach", "*"} & set(rule["resources"])
            assert "*" not in rule["verbs"] + rule["apiGroups"]


def test_readers_see_the_custom_resources_that_the_view_policy_leaves_out(
    stage: SynthesizedStage,
) -> None:
    *rules, metrics = stage.manifest("Role", "spywatcher-readers")["rules"]
    assert (metrics["apiGroups"], metrics["resources"]) == (["metrics.k8s.io"], ["pods"])
    seen = {
        (group, kind) for rule in rules for group in rule["apiGroups"] for kind in rule["resources"]
    }
    used = {
        (item["apiVersion"].partition("/")[0], f"{item['kind'].lower()}s")
        for item in objects(stage)
        if item["kind"]
        in (
            "TargetGroupBinding",
            "ExternalSecret",
            "SecretStore",
            "ScaledObject",
            "TriggerAuthentication",
        )
    }
    assert seen == used
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


@pytest.mark.parametrize("name", ["readers", "on-call"])
def test_each_role_is_given_to_its_group(stage: SynthesizedStage, name: str) -> None:
    binding = stage.manifest("RoleBinding", f"spywatcher-{name}")
    assert binding["roleRef"]["name"] == f"spywatcher-{name}"
    assert [subject["name"] for subject in binding["subjects"]] == [f"spywatcher:{name}"]


# Images are parameters; tracks -------------------------------------------------------------------


def test_images_are_parameters_so_that_a_deploy_keeps_the_release(stage: SynthesizedStage) -> None:
    parameters = stage.templates["workloads"]["Parameters"]
    for service in SERVICES:
        name = f"{service.capitalize()}Image"
        assert container(stage, service)["image"] == f"${{{name}}}"
        assert parameters[name]["Default"] == getattr(stage.settings.services, service).image


def test_green_is_another_deployment_with_pods_of_its_own() -> None:
    settings = load_stage("production").services.backend
    charts = {
        track: [
            *service_chart(BACKEND, settings, image="image:1", track=track),
            *autoscaler_chart(BACKEND, settings, track=track),
            *target_group_binding_chart(BACKEND, target_group_arn="arn", track=track),
        ]
        for track in ("blue", "green")
    }
    names = {
        track: {(item["kind"], item["metadata"]["name"]) for item in chart}
        for track, chart in charts.items()
    }
    assert {name for _, name in names["blue"]} == {"spywatcher-backend"}
    assert {name for _, name in names["green"]} == {"spywatcher-backend-green"}
    selectors = {
        track: next(i for i in chart if i["kind"] == "Service")["spec"]["selector"]
        for track, chart in charts.items()
    }
    for track, chart in charts.items():
        made = next(i for i in chart if i["kind"] == "Deployment")
        labels = made["spec"]["template"]["metadata"]["labels"].items()
        assert [t for t, selector in selectors.items() if selector.items() <= labels] == [track]
