"""INFRASTRUCTURE.md, Access Control: RBAC in Kubernetes."""

import pytest

from k8s.charts import cluster_access_chart
from tests.k8s.custom_resource_schemas import is_custom_resource
from tests.k8s.objects import objects, objects_of_kind
from tests.synthesis import SynthesizedStage


def test_on_call_engineers_restart_scale_and_roll_back_the_application(
    stage: SynthesizedStage,
) -> None:
    role = stage.manifest("Role", "spywatcher-on-call")
    permissions = {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert permissions == {
        ("deployments", "patch"),
        ("deployments/scale", "get"),
        ("deployments/scale", "update"),
        ("deployments/scale", "patch"),
        ("scaledobjects", "patch"),
        ("pods", "delete"),
        ("pods/eviction", "create"),
        ("jobs", "delete"),
    }


def test_no_role_reads_secrets_runs_commands_or_has_a_wildcard(stage: SynthesizedStage) -> None:
    roles = [
        *objects_of_kind(stage, "Role"),
        *(item for item in cluster_access_chart() if item["kind"] == "ClusterRole"),
    ]
    assert len(roles) == 3
    for role in roles:
        for rule in role["rules"]:
            assert not {"secrets", "pods/exec", "pods/attach", "*"} & set(rule["resources"])
            assert "*" not in rule["verbs"] + rule["apiGroups"]


def test_readers_view_the_custom_resources(stage: SynthesizedStage) -> None:
    """AmazonEKSViewPolicy does not cover them."""
    rules = stage.manifest("Role", "spywatcher-readers")["rules"]
    viewed = {
        (group, resource)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    used = {
        (item["apiVersion"].partition("/")[0], f"{item['kind'].lower()}s")
        for item in objects(stage)
        if is_custom_resource(item)
    }
    assert viewed == used
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


@pytest.mark.parametrize("name", ["readers", "on-call"])
def test_each_role_is_bound_to_its_group(stage: SynthesizedStage, name: str) -> None:
    binding = stage.manifest("RoleBinding", f"spywatcher-{name}")
    assert binding["roleRef"]["name"] == f"spywatcher-{name}"
    assert [subject["name"] for subject in binding["subjects"]] == [f"spywatcher:{name}"]
