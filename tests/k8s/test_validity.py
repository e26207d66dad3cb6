"""Every object: valid for the API server, and for what its schemas do not know."""

import re

import pytest

from tests.k8s.custom_resources import faults, is_custom
from tests.k8s.objects import Object, amount, containers, objects, pods
from tests.synthesis import SynthesizedStage
from tools.embedded_aws.kubernetes.validation import check_object

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@pytest.mark.parametrize("version", ["1.28", None])
def test_every_object_is_valid_for_the_design_version_and_the_stages_own(
    stage: SynthesizedStage, version: str | None
) -> None:
    for item in objects(stage):
        check_object(item, version or stage.settings.cluster.kubernetes_version)


def test_every_custom_resource_has_the_fields_of_its_definition_and_no_other(
    stage: SynthesizedStage,
) -> None:
    custom = [item for item in objects(stage) if is_custom(item)]
    assert len({item["kind"] for item in custom}) == 5
    for item in custom:
        assert not faults(item), item


def test_a_misspelt_field_of_a_custom_resource_is_noticed(stage: SynthesizedStage) -> None:
    for item in objects(stage):
        if is_custom(item):
            assert faults(item | {"spec": item["spec"] | {"refreshIntervall": "1m"}})


def test_every_object_stands_in_the_namespace_and_carries_the_recommended_labels(
    stage: SynthesizedStage,
) -> None:
    for item in objects(stage):
        metadata = item["metadata"]
        if item["kind"] not in ("Namespace", "PriorityClass"):
            assert metadata["namespace"] == "spywatcher", metadata["name"]
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "spywatcher"
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "cdk"


def test_every_name_fits_dns(stage: SynthesizedStage) -> None:
    for item in objects(stage):
        assert DNS_LABEL.fullmatch(item["metadata"]["name"]), item["metadata"]["name"]


def test_no_object_stands_twice(stage: SynthesizedStage) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in objects(stage)]
    assert len(names) == len(set(names))


def test_every_container_asks_for_less_than_it_may_take(stage: SynthesizedStage) -> None:
    for container in containers(stage):
        resources = container["resources"]
        for resource in ("cpu", "memory"):
            assert amount(resources["requests"][resource]) <= amount(resources["limits"][resource])


def test_what_a_pod_refers_to_exists(stage: SynthesizedStage) -> None:
    """ConfigMaps, Secrets (made by ExternalSecrets), accounts, priorities, volumes."""
    made = {(item["kind"], item["metadata"]["name"]) for item in objects(stage)}
    secrets = {
        item["spec"]["target"]["name"]: item
        for item in objects(stage)
        if item["kind"] == "ExternalSecret"
    }
    for pod in (template["spec"] for template in pods(stage)):
        assert ("ServiceAccount", pod["serviceAccountName"]) in made
        assert ("PriorityClass", pod["priorityClassName"]) in made
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    assert ("ConfigMap", source["configMapRef"]["name"]) in made
                else:
                    assert source["secretRef"]["name"] in secrets
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["secretKeyRef"]
                    assert reference["key"] in keys(secrets[reference["name"]])
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made


def keys(external_secret: Object) -> set[str]:
    """Return the keys of the Secret that an ExternalSecret makes."""
    template = external_secret["spec"]["target"]["template"]
    return set(template.get("data") or [d["secretKey"] for d in external_secret["spec"]["data"]])


def test_every_service_selects_the_pods_of_one_deployment(stage: SynthesizedStage) -> None:
    for service in (item for item in objects(stage) if item["kind"] == "Service"):
        selector = service["spec"]["selector"].items()
        found = [pod for pod in pods(stage) if selector <= pod["metadata"]["labels"].items()]
        assert len(found) == 1
        ports = {port["containerPort"] for port in found[0]["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
