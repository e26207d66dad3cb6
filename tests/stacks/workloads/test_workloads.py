"""The order in which the workloads stack applies its objects, and its parameters."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.synthesis import SynthesizedStage, synthesize
from tools.embedded_aws.kubernetes.jsonpath import read
from tools.templates.text import as_text

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
OBJECT_VALUE = "Custom::AWSCDK-EKS-KubernetesObjectValue"
PATCH = "Custom::AWSCDK-EKS-KubernetesPatch"
PARAMETER = "AWS::SSM::Parameter"
BINDINGS = {"backend": "spywatcher-backend-3001", "frontend": "spywatcher-frontend-80"}

each_service = pytest.mark.parametrize("service", ["backend", "frontend"])


class DependencyGraph:
    """The dependencies between the resources of the workloads stack."""

    def __init__(self, stage: SynthesizedStage) -> None:
        self._resources: dict[str, dict[str, Any]] = stage.templates["workloads"]["Resources"]
        self._manifests: dict[tuple[str, str], str] = {
            (item["kind"], item["metadata"]["name"]): logical_id
            for logical_id, resource in self._resources.items()
            if resource["Type"] == MANIFEST
            for item in json.loads(as_text(resource["Properties"]["Manifest"]))
        }

    def manifest_of(self, kind: str, name: str) -> str:
        """Return the resource that applies an object."""
        return self._manifests[kind, name]

    def manifest_of_job(self, component: str) -> str:
        """Return the resource that applies a Job, whose name ends with a digest and the release."""
        (manifest,) = [
            logical_id
            for (kind, name), logical_id in self._manifests.items()
            if kind == "Job" and name.startswith(f"spywatcher-{component}-")
        ]
        return manifest

    def manifests(self, kind: str | None = None) -> set[str]:
        """Return the resources that apply objects of a kind, or of any kind."""
        return {
            logical_id
            for (its_kind, _), logical_id in self._manifests.items()
            if kind in (None, its_kind)
        }

    def dependencies(self, logical_id: str) -> set[str]:
        """Return every resource that is created before this one."""
        dependencies: set[str] = set()
        queue = [logical_id]
        while queue:
            found = self._direct_dependencies(self._resources[queue.pop()])
            new = (found & self._resources.keys()) - dependencies
            dependencies |= new
            queue.extend(new)
        return dependencies

    def success_of_job(self, manifest: str) -> str:
        """Return the resource that exists only after a Job has succeeded."""
        (job,) = [
            name
            for (kind, name), id_ in self._manifests.items()
            if (kind, id_) == ("Job", manifest)
        ]
        (wait,) = [
            logical_id
            for logical_id, resource in self._resources.items()
            if resource["Type"] == OBJECT_VALUE
            and as_text(resource["Properties"]["ObjectName"]) == job
            and manifest in self._direct_dependencies(resource)
        ]
        (outcome,) = [
            logical_id
            for logical_id, resource in self._resources.items()
            if resource["Type"] == PARAMETER and wait in self._direct_dependencies(resource)
        ]
        return outcome

    @staticmethod
    def _direct_dependencies(resource: dict[str, Any]) -> set[str]:
        depends_on = resource.get("DependsOn", [])
        explicit = [depends_on] if isinstance(depends_on, str) else depends_on
        return {*explicit, *_references(resource)}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        elif "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


@pytest.fixture(scope="module")
def graph(stage: SynthesizedStage) -> DependencyGraph:
    return DependencyGraph(stage)


def test_no_resource_depends_on_itself(graph: DependencyGraph, stage: SynthesizedStage) -> None:
    for logical_id in stage.templates["workloads"]["Resources"]:
        assert logical_id not in graph.dependencies(logical_id)


def test_the_namespace_is_applied_before_every_other_object(graph: DependencyGraph) -> None:
    namespace = graph.manifest_of("Namespace", "spywatcher")
    for manifest in graph.manifests() - {namespace}:
        assert namespace in graph.dependencies(manifest), manifest


@pytest.mark.parametrize(
    "job, secrets",
    [
        ("database-bootstrap", ("database-admin", "database-application")),
        ("migrations", ("migrations",)),
    ],
)
def test_jobs_depend_on_their_secrets_service_account_and_network_policy(
    graph: DependencyGraph, job: str, secrets: tuple[str, ...]
) -> None:
    dependencies = graph.dependencies(graph.manifest_of_job(job))
    for secret in secrets:
        assert graph.manifest_of("ExternalSecret", f"spywatcher-{secret}") in dependencies
    assert graph.manifest_of("ServiceAccount", f"spywatcher-{job}") in dependencies
    assert graph.manifest_of("NetworkPolicy", f"spywatcher-{job}") in dependencies


def test_migrations_start_after_the_bootstrap_has_succeeded(graph: DependencyGraph) -> None:
    success = graph.success_of_job(graph.manifest_of_job("database-bootstrap"))
    assert success in graph.dependencies(graph.manifest_of_job("migrations"))


@each_service
def test_pods_start_after_the_migrations_have_succeeded(
    graph: DependencyGraph, service: str
) -> None:
    """A deployment does not wait for a Job that it applied, but for a value of its status."""
    success = graph.success_of_job(graph.manifest_of_job("migrations"))
    deployment = graph.manifest_of("Deployment", f"spywatcher-{service}")
    assert success in graph.dependencies(deployment)


def test_configuration_reaches_the_running_pods_only_after_the_migrations(
    graph: DependencyGraph,
) -> None:
    """Reloader restarts the pods of the previous release when their ConfigMap changes."""
    success = graph.success_of_job(graph.manifest_of_job("migrations"))
    assert success in graph.dependencies(graph.manifest_of("ConfigMap", "spywatcher-backend"))


def test_an_update_keeps_the_previous_job_for_a_rollback(
    graph: DependencyGraph, stage: SynthesizedStage
) -> None:
    """The rollback applies the previous Job again. One that has succeeded does not run again."""
    for manifest, resource in stage.resources("workloads", MANIFEST).items():
        is_job = manifest in graph.manifests("Job")
        assert ("PruneLabel" in resource["Properties"]) != is_job
    for job in (item for item in stage.manifests() if item["kind"] == "Job"):
        assert "ttlSecondsAfterFinished" not in job["spec"]


def waits(stage: SynthesizedStage, object_type: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the waits for objects of a type, by the object's name."""
    found = [
        resource["Properties"] for resource in stage.resources("workloads", OBJECT_VALUE).values()
    ]
    return {as_text(w["ObjectName"]): w for w in found if w["ObjectType"] == object_type}


@each_service
def test_a_deployment_waits_for_the_roll_out_of_each_image_and_each_change_of_the_chart(
    stage: SynthesizedStage, service: str
) -> None:
    wait = waits(stage, "deployment")[f"spywatcher-{service}"]
    assert wait["Image"] == {"Ref": f"{service.capitalize()}Image"}
    assert re.fullmatch("[0-9a-f]{8}", wait["ChartDigest"])


def test_the_digest_of_a_chart_changes_with_the_pods_and_not_with_the_image(
    staging: SynthesizedStage,
) -> None:
    def digest(service: str, **changes: Any) -> str:
        settings = staging.settings
        services = settings.services.by_name()[service].model_copy(update=changes)
        stage = synthesize(
            settings.model_copy(
                update={"services": settings.services.model_copy(update={service: services})}
            )
        )
        return str(waits(stage, "deployment")[f"spywatcher-{service}"]["ChartDigest"])

    resources = staging.settings.services.frontend.resources
    smaller = resources.model_copy(update={"cpu_limit_millicores": 400})
    assert digest("frontend") == digest("frontend", image="ghcr.io/team/frontend:2")
    assert digest("frontend") != digest("frontend", resources=smaller)


@pytest.mark.parametrize(
    "object_type, succeeded, failed",
    [
        ("job", "Complete", "Failed"),
        ("deployment", "NewReplicaSetAvailable", "ProgressDeadlineExceeded"),
    ],
)
def test_a_wait_ends_at_once_when_a_job_or_a_roll_out_has_failed_and_fails_the_deployment(
    stage: SynthesizedStage, object_type: str, succeeded: str, failed: str
) -> None:
    """The path returns a value for both ends, and a parameter accepts only the good one."""
    assert len(waits(stage, object_type)) == 2
    for wait in waits(stage, object_type).values():
        for value in (succeeded, failed):
            status = {"conditions": [{"type": value, "status": "True", "reason": value}]}
            assert read({"status": status}, wait["JsonPath"]) == value
        assert read({"status": {}}, wait["JsonPath"]) == ""
    resources = stage.templates["workloads"]["Resources"]
    patterns = [
        parameter["Properties"]["AllowedPattern"]
        for parameter in stage.resources("workloads", PARAMETER).values()
        if resources[parameter["Properties"]["Value"]["Fn::GetAtt"][0]]["Properties"]["ObjectType"]
        == object_type
    ]
    assert len(patterns) == 2
    for pattern in patterns:
        assert re.fullmatch(pattern, succeeded) and not re.fullmatch(pattern, failed)


def test_a_wait_for_a_job_lasts_longer_than_the_jobs_deadline(stage: SynthesizedStage) -> None:
    jobs = {item["metadata"]["name"]: item for item in stage.manifests() if item["kind"] == "Job"}
    assert set(waits(stage, "job")) == set(jobs)
    for wait in waits(stage, "job").values():
        assert wait["ObjectNamespace"] == "spywatcher"
        deadline = jobs[as_text(wait["ObjectName"])]["spec"]["activeDeadlineSeconds"]
        assert deadline < int(wait["TimeoutSeconds"]) <= 15 * 60


@each_service
def test_pods_are_created_after_their_target_group_binding_and_service(
    graph: DependencyGraph, service: str
) -> None:
    """A new pod becomes ready only as a healthy target."""
    name = f"spywatcher-{service}"
    deployment = graph.manifest_of("Deployment", name)
    binding = graph.manifest_of("TargetGroupBinding", BINDINGS[service])
    assert binding in graph.dependencies(deployment)
    assert graph.manifest_of("Service", name) == deployment


@each_service
def test_a_manifest_contains_the_service_before_the_deployment(
    stage: SynthesizedStage, service: str
) -> None:
    kinds = [
        item["kind"]
        for item in stage.manifests()
        if item["metadata"]["name"] == f"spywatcher-{service}"
    ]
    assert kinds.index("Service") < kinds.index("Deployment")


def test_bindings_depend_on_the_permission_to_register_targets(
    graph: DependencyGraph, stage: SynthesizedStage
) -> None:
    (policy,) = stage.resources("workloads", "AWS::IAM::ManagedPolicy")
    for binding in graph.manifests("TargetGroupBinding"):
        assert policy in graph.dependencies(binding)


def test_the_scaled_object_is_applied_after_the_autoscaler_that_it_takes_over(
    graph: DependencyGraph,
) -> None:
    scaled_object = graph.manifest_of("ScaledObject", "spywatcher-backend")
    dependencies = graph.dependencies(scaled_object)
    assert graph.manifest_of("HorizontalPodAutoscaler", "spywatcher-backend") in dependencies
    assert graph.manifest_of("TriggerAuthentication", "spywatcher-cloudwatch") in dependencies


@each_service
def test_another_initial_number_of_pods_does_not_reset_the_present_one(
    stage: SynthesizedStage, service: str
) -> None:
    """The number is a parameter, whose value a later deployment keeps."""
    parameter = f"{service.capitalize()}InitialReplicas"
    (patch,) = [
        resource["Properties"]["ApplyPatchJson"]
        for resource in stage.resources("workloads", PATCH).values()
        if resource["Properties"]["ResourceName"] == f"deployment/spywatcher-{service}"
    ]
    assert as_text(patch) == f'{{"spec":{{"replicas":${{{parameter}}}}}}}'
    default = stage.templates["workloads"]["Parameters"][parameter]["Default"]
    assert default == stage.settings.services.by_name()[service].replicas.initial


@each_service
def test_a_new_image_does_not_apply_the_autoscaler_again(
    graph: DependencyGraph, service: str
) -> None:
    name = f"spywatcher-{service}"
    autoscaler = graph.manifest_of("HorizontalPodAutoscaler", name)
    assert autoscaler != graph.manifest_of("Deployment", name)


def test_each_custom_resource_has_a_manifest_of_its_own(stage: SynthesizedStage) -> None:
    """`kubectl apply --prune` deletes no custom resources, but a deleted manifest does."""
    custom = {
        *("TargetGroupBinding", "ExternalSecret", "SecretStore"),
        *("ScaledObject", "TriggerAuthentication"),
    }
    for resource in stage.resources("workloads", MANIFEST).values():
        items = json.loads(as_text(resource["Properties"]["Manifest"]))
        if {item["kind"] for item in items} & custom:
            assert len(items) == 1


def test_the_stack_of_the_controllers_is_deployed_before_the_workloads(
    stage: SynthesizedStage,
) -> None:
    assert ("workloads", "cluster") in stage.imports()
    assert stage.resources("cluster", "Custom::AWSCDK-EKS-HelmChart")


@pytest.mark.parametrize("parameter", ["BackendImage", "FrontendImage", "Release"])
def test_a_parameter_has_a_pattern_and_an_error_message(
    stage: SynthesizedStage, parameter: str
) -> None:
    properties = stage.templates["workloads"]["Parameters"][parameter]
    assert properties["AllowedPattern"]
    assert properties["ConstraintDescription"]


@pytest.mark.parametrize(
    "image, is_allowed",
    [
        ("ghcr.io/subculture-collective/spywatcher-backend:1.2.3", True),
        ("public.ecr.aws/backend:latest-fix", True),
        (f"ghcr.io/backend@sha256:{'0' * 64}", True),
        ("ghcr.io/backend", False),
        ("ghcr.io/backend:latest", False),
        ("ghcr.io/backend@sha256:12", False),
        ("ghcr.io/back end:1", False),
        ("backend:1.2.3", False),
        ("docker.io/team/backend:1.2.3", False),
    ],
)
def test_an_image_is_of_a_known_registry_with_a_tag_other_than_latest_or_a_digest(
    production: SynthesizedStage, image: str, is_allowed: bool
) -> None:
    pattern = production.templates["workloads"]["Parameters"]["BackendImage"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, image)) == is_allowed
