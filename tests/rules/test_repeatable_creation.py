"""A first creation that fails is rolled back completely, and the next one can succeed."""

from typing import Any

import pytest

from tests.rules.graphs import ACCOUNT_STACK, UNPROTECTED, graph, graph_names, graph_with_fault
from tests.rules.repeatable_creation import find_leftovers, find_protections
from tests.synthesis import Template

FAULTS: dict[str, dict[str, Any]] = {
    "DeletionProtection": {"Type": "AWS::EKS::Cluster", "Properties": {"DeletionProtection": True}},
    "DeletionProtectionEnabled": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {"DeletionProtectionEnabled": True},
    },
    "deletion_protection.enabled": {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {
            "LoadBalancerAttributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]
        },
    },
    "DisableApiTermination": {
        "Type": "AWS::EC2::LaunchTemplate",
        "Properties": {"LaunchTemplateData": {"DisableApiTermination": True}},
    },
}


@pytest.mark.parametrize("name", ["staging", "no optional part", UNPROTECTED, ACCOUNT_STACK])
def test_without_deletion_protection_nothing_refuses_to_be_deleted(name: str) -> None:
    """A rollback that cannot delete a resource ends in ROLLBACK_FAILED."""
    assert list(find_protections(graph(name))) == []


def test_the_settings_protect_a_stage() -> None:
    """The test above would otherwise find nothing whatever the names are."""
    found = [
        finding.partition(": ")[2].split()[0] for finding in find_protections(graph("production"))
    ]
    assert sorted(found) == [
        "DeletionProtection",
        "DeletionProtection",
        "deletion_protection.enabled",
    ]


@pytest.mark.parametrize("name", graph_names())
def test_a_failed_creation_leaves_nothing(name: str) -> None:
    assert list(find_leftovers(graph(name))) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_protection_is_found_by_name(name: str) -> None:
    def put_back(templates: dict[str, Template]) -> None:
        templates["data"]["Resources"]["Fault"] = FAULTS[name]

    (finding,) = find_protections(graph_with_fault("staging", put_back))
    assert finding.startswith(f"data/Fault: {name} ")


def test_a_retained_schedule_group_and_a_service_linked_role_are_found_by_name() -> None:
    def put_back(templates: dict[str, Template]) -> None:
        resources = templates["monitoring"]["Resources"]
        (group,) = (r for r in resources.values() if r["Type"] == "AWS::Scheduler::ScheduleGroup")
        group["DeletionPolicy"] = "Retain"
        resources["Role"] = {"Type": "AWS::IAM::ServiceLinkedRole", "Properties": {}}

    retained, role = find_leftovers(graph_with_fault("staging", put_back))
    assert retained.startswith("monitoring/MaintenanceGroup")
    assert role.startswith("monitoring/Role: ")
