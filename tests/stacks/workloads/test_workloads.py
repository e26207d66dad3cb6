"""The order in which objects are applied, walked over the synthesized graph."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from settings import load_stage
from tests.synthesis import SynthesizedStage, joined, synthesize

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
VALUE = "Custom::AWSCDK-EKS-KubernetesObjectValue"


class Graph:
    """What waits for what in the stack of the workloads."""

    def __init__(self, stage: SynthesizedStage) -> None:
        self._resources = stage.templates["workloads"]["Resources"]
        self._objects = {
            (item["kind"], item["metadata"]["name"].split("-${")[0]): logical_id
            for logical_id, resource in self._resources.items()
            if resource["Type"] == MANIFEST
            for item in json.loads(joined(resource["Properties"]["Manifest"]))
        }

    def of(self, kind: str, name: str) -> str:
        """Return the resource that applies an object; of a Job, its digest aside."""
        (found,) = {
            logical_id
            for (its_kind, its_name), logical_id in self._objects.items()
            if its_kind == kind and (its_name == name or (kind == "Job" and name in its_name))
        }
        return str(found)

    def all_of(self, kind: str) -> set[str]:
        return {logical_id for (k, _), logical_id in self._objects.items() if k == kind}

    def waits_for(self, logical_id: str) -> set[str]:
        """Return everything that is done before this resource."""
        done: set[str] = set()
        left = [logical_id]
        while left:
            for other in self._before(self._resources[left.pop()]):
                if other not in done and other in self._resources:
                    done.add(other)
                    left.append(other)
        return done

    def values_of(self, job: str) -> set[str]:
        """Return the resources that wait until this Job has succeeded."""
        return {
            logical_id
            for logical_id, resource in self._resources.items()
            if resource["Type"] == VALUE and job in self._before(resource)
        }

    @staticmethod
    def _before(resource: dict[str, Any]) -> set[str]:
        depends = resource.get("DependsOn", [])
        return {*([depends] if isinstance(depends, str) else depends), *_references(resource)}


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
def graph(stage: SynthesizedStage) -> Graph:
    return Graph(stage)


def test_the_namespace_comes_before_everything_in_it(graph: Graph) -> None:
    namespace = graph.of("Namespace", "spywatcher")
    for logical_id in set(graph._objects.values()) - {namespace}:
        assert namespace in graph.waits_for(logical_id), logical_id


def test_jobs_wait_for_their_secrets_accounts_and_policies(graph: Graph) -> None:
    for job, secrets in (
        ("database-bootstrap", ("database-admin", "database-application")),
        ("migrations", ("migrations",)),
    ):
        before = graph.waits_for(graph.of("Job", job))
        for secret in secrets:
            assert graph.of("ExternalSecret", f"spywatcher-{secret}") in before
        assert graph.of("ServiceAccount", f"spywatcher-{job}") in before
        assert graph.of("NetworkPolicy", f"spywatcher-{job}") in before


def test_the_roles_are_made_before_the_migrations_and_waited_for(graph: Graph) -> None:
    bootstrap = graph.of("Job", "database-bootstrap")
    (done,) = graph.values_of(bootstrap)
    assert done in graph.waits_for(graph.of("Job", "migrations"))


@pytest.mark.parametrize("service", ["backend", "frontend"])
def test_pods_wait_until_the_migrations_have_succeeded(graph: Graph, service: str) -> None:
    """A deployment does not wait for a Job that it applied, but for the value of its status."""
    (done,) = graph.values_of(graph.of("Job", "migrations"))
    assert done in graph.waits_for(graph.of("Deployment", f"spywatcher-{service}"))


def test_a_wait_asks_for_success_and_outlasts_the_job(stage: SynthesizedStage) -> None:
    waits = stage.resources("workloads", VALUE).values()
    names = {joined(each["Properties"]["ObjectName"]) for each in waits}
    jobs = {i["metadata"]["name"]: i for i in stage.manifests() if i["kind"] == "Job"}
    assert names == set(jobs)
    for each in (wait["Properties"] for wait in waits):
        assert each["JsonPath"] == ".status.succeeded"
        assert each["ObjectNamespace"] == "spywatcher"
        deadline = jobs[joined(each["ObjectName"])]["spec"]["activeDeadlineSeconds"]
        assert deadline < int(each["TimeoutSeconds"]) <= 15 * 60


@pytest.mark.parametrize("service", ["backend", "frontend"])
def test_pods_begin_with_a_readiness_gate(graph: Graph, service: str) -> None:
    """The controller adds it to pods that are made after their binding and their Service."""
    name = f"spywatcher-{service}"
    deployment = graph.of("Deployment", name)
    assert graph.of("TargetGroupBinding", name) in graph.waits_for(deployment)
    assert graph.of("Service", name) == deployment


@pytest.mark.parametrize("service", ["backend", "frontend"])
def test_a_manifest_puts_the_service_before_the_deployment(
    stage: SynthesizedStage, service: str
) -> None:
    kinds = [
        item["kind"]
        for item in stage.manifests()
        if item["metadata"]["name"] == f"spywatcher-{service}"
    ]
    assert kinds.index("Service") < kinds.index("Deployment")


def test_bindings_wait_for_the_permission_to_register(
    graph: Graph, stage: SynthesizedStage
) -> None:
    (policy,) = stage.resources("workloads", "AWS::IAM::ManagedPolicy")
    for binding in graph.all_of("TargetGroupBinding"):
        assert policy in graph.waits_for(binding)


def test_the_scaled_object_comes_after_the_autoscaler_that_it_adopts(graph: Graph) -> None:
    scaled = graph.of("ScaledObject", "spywatcher-backend")
    before = graph.waits_for(scaled)
    assert graph.of("HorizontalPodAutoscaler", "spywatcher-backend") in before
    assert graph.of("TriggerAuthentication", "spywatcher-cloudwatch") in before


def test_an_image_does_not_apply_the_autoscaler_again(graph: Graph) -> None:
    for service in ("backend", "frontend"):
        name = f"spywatcher-{service}"
        assert graph.of("HorizontalPodAutoscaler", name) != graph.of("Deployment", name)


def test_a_custom_resource_has_a_manifest_of_its_own(stage: SynthesizedStage) -> None:
    """`kubectl apply --prune` does not know their kinds: only a deleted manifest deletes them."""
    custom = ("TargetGroupBinding", "ExternalSecret", "SecretStore", "ScaledObject")
    for resource in stage.resources("workloads", MANIFEST).values():
        items = json.loads(joined(resource["Properties"]["Manifest"]))
        if {item["kind"] for item in items} & {*custom, "TriggerAuthentication"}:
            assert len(items) == 1


def test_the_controllers_are_there_before_what_needs_them(stage: SynthesizedStage) -> None:
    """Their stack is done before this one, which imports the cluster from it."""
    assert ("workloads", "cluster") in stage.imports()
    assert stage.resources("cluster", "Custom::AWSCDK-EKS-HelmChart")


def test_parameters_refuse_what_cannot_be_released(stage: SynthesizedStage) -> None:
    parameters = stage.templates["workloads"]["Parameters"]
    assert {"BackendImage", "FrontendImage", "Release"} <= set(parameters)
    for name in ("BackendImage", "FrontendImage", "Release"):
        assert parameters[name]["AllowedPattern"]
        assert parameters[name]["ConstraintDescription"]


@pytest.mark.parametrize(
    "image, is_allowed",
    [
        ("ghcr.io/subculture-collective/spywatcher-backend:1.2.3", True),
        ("registry:5000/backend:latest-fix", True),
        (f"backend@sha256:{'0' * 64}", True),
        ("backend", False),
        ("backend:latest", False),
        ("backend@sha256:12", False),
        ("back end:1", False),
    ],
)
def test_an_image_has_a_tag_other_than_latest_or_a_digest(image: str, is_allowed: bool) -> None:
    stage = synthesize(load_stage("production"))
    pattern = stage.templates["workloads"]["Parameters"]["BackendImage"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, image)) == is_allowed
