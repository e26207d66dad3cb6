"""The guard on production's own templates: every create-only property, rename and removal."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from settings import StageSettings
from tests.synthesis import ACCOUNT, SynthesizedStage, synthesize
from tools.guard.comparison import compare
from tools.guard.finding import Finding, Impact, exclude_allowed
from tools.guard.stateful_resources import MANIFEST_TYPE, is_stateful
from tools.guard.templates import StackTemplate, Templates
from tools.templates.schemas import PropertyPath, ResourceSchema, registry_schemas

REGION = "us-east-1"
CREATE_ONLY = ("AWS::RDS::DBInstance", "AWS::ElastiCache::ReplicationGroup", "AWS::EKS::Cluster")
ALL_STATEFUL = {
    "AWS::EKS::Cluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}


def schema(kind: str) -> ResourceSchema:
    found = registry_schemas().get(kind, REGION)
    assert found is not None
    return found


def create_only() -> Iterator[Any]:
    for kind in CREATE_ONLY:
        for path in schema(kind).create_only:
            yield pytest.param(kind, path, id=f"{kind.split('::')[-1]}-{'.'.join(path)}")


def as_stage(synthesized: SynthesizedStage) -> Templates:
    prefix = synthesized.settings.resource_name()
    return {
        f"{prefix}-{name}": StackTemplate(f"{prefix}-{name}", REGION, ACCOUNT, template)
        for name, template in synthesized.templates.items()
    }


@pytest.fixture(scope="module")
def deployed(production: SynthesizedStage) -> Templates:
    return as_stage(production)


@pytest.fixture
def planned(deployed: Templates) -> dict[str, Any]:
    """The same, to be changed."""
    return {
        name: replace(stack, template=copy.deepcopy(stack.template))
        for name, stack in deployed.items()
    }


def found(deployed: Templates, planned: Templates) -> list[Finding]:
    return compare(deployed, planned, registry_schemas())


def of_type(stage: Templates, kind: str) -> list[tuple[dict[str, Any], str, str]]:
    """Return (the resources of its stack, stack, logical id) for each resource of a type."""
    return [
        (stack.template["Resources"], stack.name, logical_id)
        for stack in stage.values()
        for logical_id, resource in stack.resources.items()
        if resource["Type"] == kind
    ]


def set_at(properties: dict[str, Any], path: PropertyPath, value: object) -> None:
    *parents, last = path
    for name in parents:
        properties = properties.setdefault(name, {})
    properties[last] = value


def test_the_same_templates_have_no_finding(deployed: Templates, planned: Templates) -> None:
    assert found(deployed, planned) == []


@pytest.mark.parametrize(("kind", "path"), list(create_only()))
def test_every_create_only_property_is_caught_by_its_name(
    deployed: Templates, planned: Templates, kind: str, path: PropertyPath
) -> None:
    resources, stack, logical_id = of_type(planned, kind)[0]
    set_at(resources[logical_id]["Properties"], path, "another value")
    (finding,) = [f for f in found(deployed, planned) if f.name == f"{stack}/{logical_id}"]
    assert finding.impact == Impact.REPLACED
    assert [change.name for change in finding.changes] == ["/".join(path)]
    assert finding.changes[0].new == "another value"


@pytest.mark.parametrize("kind", CREATE_ONLY)
def test_the_schemas_have_create_only_properties_to_try(kind: str) -> None:
    assert len(schema(kind).create_only) >= 8
    assert set(schema(kind).primary_identifier) <= set(schema(kind).create_only)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("AWS::RDS::DBInstance", ("DBInstanceClass",), "db.r6g.xlarge"),
        ("AWS::RDS::DBInstance", ("EngineVersion",), "15.99"),
        ("AWS::RDS::DBInstance", ("BackupRetentionPeriod",), 14),
        ("AWS::RDS::DBInstance", ("MultiAZ",), False),
        ("AWS::RDS::DBInstance", ("AllocatedStorage",), "200"),
        ("AWS::ElastiCache::ReplicationGroup", ("CacheNodeType",), "cache.r7g.large"),
        ("AWS::ElastiCache::ReplicationGroup", ("EngineVersion",), "7.1"),
        ("AWS::EKS::Cluster", ("Version",), "1.36"),
        ("AWS::EKS::Cluster", ("Logging",), {}),
    ],
)
def test_a_change_in_place_passes(
    deployed: Templates, planned: Templates, kind: str, path: PropertyPath, value: object
) -> None:
    for resources, _, logical_id in of_type(planned, kind):
        assert resources[logical_id]["Properties"].get(path[0]) != value
        set_at(resources[logical_id]["Properties"], path, value)
    assert found(deployed, planned) == []


def test_the_types_that_hold_data_are_those_of_the_requirement(deployed: Templates) -> None:
    resources = [r for stack in deployed.values() for r in stack.resources.values()]
    assert {r["Type"] for r in resources if is_stateful(r)} >= ALL_STATEFUL


@pytest.mark.parametrize("kind", sorted(ALL_STATEFUL))
def test_each_removed_resource_is_caught(
    deployed: Templates, planned: Templates, kind: str
) -> None:
    removed = set()
    for resources, stack, logical_id in of_type(planned, kind):
        del resources[logical_id]
        removed.add(f"{stack}/{logical_id}")
    gone = {f.name for f in found(deployed, planned) if f.impact == Impact.REMOVED}
    assert removed
    assert gone == removed


@pytest.mark.parametrize("kind", sorted(ALL_STATEFUL))
def test_each_renamed_resource_is_caught(
    deployed: Templates, planned: Templates, kind: str
) -> None:
    renamed = set()
    for resources, stack, logical_id in of_type(planned, kind):
        resources[f"{logical_id}Renamed"] = resources.pop(logical_id)
        renamed.add(f"{stack}/{logical_id}")
    gone = {f.name for f in found(deployed, planned) if f.impact == Impact.REMOVED}
    assert gone == renamed


def test_the_removed_namespaces_are_caught(deployed: Templates, planned: Templates) -> None:
    removed = set()
    for resources, stack, logical_id in of_type(planned, MANIFEST_TYPE):
        if '"kind":"Namespace"' in str(resources.pop(logical_id)["Properties"]["Manifest"]):
            removed.add(f"{stack}/{logical_id}")
    assert len(removed) >= 2
    assert {f.name for f in found(deployed, planned)} == removed


def test_a_new_key_of_the_security_stack_replaces_the_database(
    deployed: Templates, planned: Templates
) -> None:
    (_, data, database), *_ = of_type(planned, "AWS::RDS::DBInstance")
    properties = planned[data].resources[database]["Properties"]
    security, _, export = properties["KmsKeyId"]["Fn::ImportValue"].partition(":")
    output = planned[security].template["Outputs"][export]
    key = output["Value"]["Fn::GetAtt"][0]
    resources = planned[security].template["Resources"]
    resources["NewKey"] = copy.deepcopy(resources[key])
    output["Value"]["Fn::GetAtt"][0] = "NewKey"

    findings = {finding.name: finding for finding in found(deployed, planned)}

    assert findings[f"{data}/{database}"].changes[0].name == "KmsKeyId"


def test_a_replaced_subnet_group_replaces_the_database(
    deployed: Templates, planned: Templates
) -> None:
    resources, data, group = of_type(planned, "AWS::RDS::DBSubnetGroup")[0]
    resources[group]["Properties"]["DBSubnetGroupName"] = "another"
    (_, _, database), *_ = of_type(planned, "AWS::RDS::DBInstance")

    (finding,) = found(deployed, planned)

    assert (finding.name, finding.changes[0].name) == (f"{data}/{database}", "DBSubnetGroupName")
    assert f"{data}/{group} is replaced: DBSubnetGroupName changes from nothing" in str(finding)


def test_an_override_lets_the_database_through_and_not_the_cluster(
    deployed: Templates, planned: Templates
) -> None:
    names = []
    for kind, name in (("AWS::RDS::DBInstance", "DBName"), ("AWS::EKS::Cluster", "RoleArn")):
        resources, stack, logical_id = of_type(planned, kind)[0]
        resources[logical_id]["Properties"][name] = "another"
        names.append(f"{stack}/{logical_id}")

    left = exclude_allowed(found(deployed, planned), names[:1])

    assert [finding.name for finding in left] == names[1:]


def test_a_recovery_stops_only_where_it_lets_the_old_database_go(
    deployed: Templates, production: SynthesizedStage
) -> None:
    """As docs/runbooks/restore-database.md has it."""
    restored = {
        "number": 2,
        "restore_to_time": "latest",
        "restore_source_resource_id": "db-ABCDEFGHIJKLMNOPQRST",
        "admin_password_from_secret": True,
    }

    def with_generations(*generations: dict[str, Any]) -> Templates:
        values = production.settings.model_dump()
        values["database"] |= {"active_generation": 2, "generations": generations}
        return as_stage(synthesize(StageSettings.model_validate(values)))

    switched = with_generations({"number": 1, "retiring": True}, restored)
    alone = with_generations(restored)

    assert found(deployed, switched) == []
    types = sorted(finding.resource_type for finding in found(switched, alone))
    assert types == ["AWS::Logs::LogGroup", "AWS::Logs::LogGroup", "AWS::RDS::DBInstance"]
