"""Every object of the application: valid for the API server, and consistent with the others."""

import re

import pytest

from tests.k8s.custom_resource_schemas import is_custom_resource, schema_errors
from tests.k8s.objects import (
    Object,
    amount,
    containers,
    objects,
    objects_of_kind,
    pod_templates,
)
from tests.synthesis import SynthesizedStage
from tools.embedded_aws.kubernetes.validation import check_object

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@pytest.mark.parametrize("version", ["1.28", None])
def test_every_object_is_valid_for_the_designs_version_and_the_stages(
    stage: SynthesizedStage, version: str | None
) -> None:
    for item in objects(stage):
        check_object(item, version or stage.settings.cluster.kubernetes_version)


def custom_resources(stage: SynthesizedStage) -> list[Object]:
    found = [item for item in objects(stage) if is_custom_resource(item)]
    assert len({item["kind"] for item in found}) == 5
    return found


def test_every_custom_resource_has_only_fields_of_its_definition(stage: SynthesizedStage) -> None:
    for item in custom_resources(stage):
        assert not schema_errors(item), item


def test_the_schemas_reject_an_unknown_field(stage: SynthesizedStage) -> None:
    for item in custom_resources(stage):
        assert schema_errors(item | {"spec": item["spec"] | {"refreshIntervall": "1m"}})


def test_every_object_has_the_namespace_and_the_recommended_labels(
    stage: SynthesizedStage,
) -> None:
    for item in objects(stage):
        metadata = item["metadata"]
        if item["kind"] not in ("Namespace", "PriorityClass"):
            assert metadata["namespace"] == "spywatcher", metadata["name"]
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "spywatcher"
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "cdk"


def test_every_name_is_a_dns_label(stage: SynthesizedStage) -> None:
    for item in objects(stage):
        assert DNS_LABEL.fullmatch(item["metadata"]["name"]), item["metadata"]["name"]


def test_no_two_objects_have_the_same_kind_and_name(stage: SynthesizedStage) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in objects(stage)]
    assert len(names) == len(set(names))


def test_no_container_requests_more_than_its_limits(stage: SynthesizedStage) -> None:
    for container in containers(stage):
        resources = container["resources"]
        for resource in ("cpu", "memory"):
            assert amount(resources["requests"][resource]) <= amount(resources["limits"][resource])


def test_the_objects_that_a_pod_refers_to_exist(stage: SynthesizedStage) -> None:
    """An ExternalSecret creates the Secret of its name."""
    names = {(item["kind"], item["metadata"]["name"]) for item in objects(stage)}
    secrets = {
        item["spec"]["target"]["name"]: item for item in objects_of_kind(stage, "ExternalSecret")
    }
    for pod in (template["spec"] for template in pod_templates(stage)):
        assert ("ServiceAccount", pod["serviceAccountName"]) in names
        assert ("PriorityClass", pod["priorityClassName"]) in names
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    assert ("ConfigMap", source["configMapRef"]["name"]) in names
                else:
                    assert source["secretRef"]["name"] in secrets
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["secretKeyRef"]
                    assert reference["key"] in secret_keys(secrets[reference["name"]])
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in names


def secret_keys(external_secret: Object) -> set[str]:
    """Return the keys of the Secret that an ExternalSecret creates."""
    template = external_secret["spec"]["target"]["template"]
    return set(
        template.get("data") or [entry["secretKey"] for entry in external_secret["spec"]["data"]]
    )


def test_every_service_selects_the_pods_of_one_deployment(stage: SynthesizedStage) -> None:
    for service in objects_of_kind(stage, "Service"):
        selector = service["spec"]["selector"].items()
        (template,) = [
            template
            for template in pod_templates(stage)
            if selector <= template["metadata"]["labels"].items()
        ]
        ports = {port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
