"""The guard with production's templates: each create-only property, renaming and removal."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from settings import StageSettings
from tests.synthesis import ACCOUNT, SynthesizedStage, synthesize
from tools.guard.comparison import compare
from tools.guard.finding import Finding, Impact, exclude_allowed
from tools.guard.manifests import MANIFEST_TYPE
from tools.guard.stateful_resources import is_stateful
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


def schema(resource_type: str) -> ResourceSchema:
    resource_schema = registry_schemas().get(resource_type, REGION)
    assert resource_schema is not None
    return resource_schema


def create_only() -> Iterator[Any]:
    for resource_type in CREATE_ONLY:
        for path in schema(resource_type).create_only:
            yield pytest.param(
                resource_type, path, id=f"{resource_type.split('::')[-1]}-{'.'.join(path)}"
            )


def as_templates(stage: SynthesizedStage) -> Templates:
    prefix = stage.settings.resource_name()
    return {
        f"{prefix}-{name}": StackTemplate(f"{prefix}-{name}", REGION, ACCOUNT, template)
        for name, template in stage.templates.items()
    }


@pytest.fixture(scope="module")
def deployed(production: SynthesizedStage) -> Templates:
    return as_templates(production)


@pytest.fixture
def synthesized(deployed: Templates) -> dict[str, Any]:
    """The deployed templates again, as copies that a test can change."""
    return {
        name: replace(stack, template=copy.deepcopy(stack.template))
        for name, stack in deployed.items()
    }


def findings_of(deployed: Templates, synthesized: Templates) -> list[Finding]:
    return list(compare(deployed, synthesized, registry_schemas()).findings)


def of_type(stage: Templates, resource_type: str) -> list[tuple[dict[str, Any], str, str]]:
    """Return (the resources of its stack, stack, logical id) for each resource of a type."""
    return [
        (stack.template["Resources"], stack.name, logical_id)
        for stack in stage.values()
        for logical_id, resource in stack.resources.items()
        if resource["Type"] == resource_type
    ]


def set_at(properties: dict[str, Any], path: PropertyPath, value: object) -> None:
    *parents, last = path
    for name in parents:
        properties = properties.setdefault(name, {})
    properties[last] = value


def test_equal_templates_have_no_findings(deployed: Templates, synthesized: Templates) -> None:
    assert findings_of(deployed, synthesized) == []


@pytest.mark.parametrize(("resource_type", "path"), list(create_only()))
def test_a_change_of_each_create_only_property_is_a_finding(
    deployed: Templates, synthesized: Templates, resource_type: str, path: PropertyPath
) -> None:
    resources, stack, logical_id = of_type(synthesized, resource_type)[0]
    set_at(resources[logical_id]["Properties"], path, "another value")
    (finding,) = [
        f for f in findings_of(deployed, synthesized) if f.name == f"{stack}/{logical_id}"
    ]
    assert finding.impact == Impact.REPLACED
    assert [change.name for change in finding.changes] == ["/".join(path)]
    assert finding.changes[0].new == "another value"


@pytest.mark.parametrize("resource_type", CREATE_ONLY)
def test_the_schemas_list_create_only_properties(resource_type: str) -> None:
    assert len(schema(resource_type).create_only) >= 8
    assert set(schema(resource_type).primary_identifier) <= set(schema(resource_type).create_only)


@pytest.mark.parametrize(
    ("resource_type", "path", "value"),
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
def test_a_property_that_is_updated_in_place_passes(
    deployed: Templates,
    synthesized: Templates,
    resource_type: str,
    path: PropertyPath,
    value: object,
) -> None:
    for resources, _, logical_id in of_type(synthesized, resource_type):
        assert resources[logical_id]["Properties"].get(path[0]) != value
        set_at(resources[logical_id]["Properties"], path, value)
    assert findings_of(deployed, synthesized) == []


def test_the_required_types_are_stateful(deployed: Templates) -> None:
    resources = [r for stack in deployed.values() for r in stack.resources.values()]
    assert {r["Type"] for r in resources if is_stateful(r)} >= ALL_STATEFUL


@pytest.mark.parametrize("resource_type", sorted(ALL_STATEFUL))
def test_each_removed_stateful_resource_is_a_finding(
    deployed: Templates, synthesized: Templates, resource_type: str
) -> None:
    removed = set()
    for resources, stack, logical_id in of_type(synthesized, resource_type):
        del resources[logical_id]
        removed.add(f"{stack}/{logical_id}")
    gone = {f.name for f in findings_of(deployed, synthesized) if f.impact == Impact.REMOVED}
    assert removed
    assert gone == removed


@pytest.mark.parametrize("resource_type", sorted(ALL_STATEFUL))
def test_each_renamed_stateful_resource_is_a_finding(
    deployed: Templates, synthesized: Templates, resource_type: str
) -> None:
    renamed = set()
    for resources, stack, logical_id in of_type(synthesized, resource_type):
        resources[f"{logical_id}Renamed"] = resources.pop(logical_id)
        renamed.add(f"{stack}/{logical_id}")
    gone = {f.name for f in findings_of(deployed, synthesized) if f.impact == Impact.REMOVED}
    assert gone == renamed


def test_each_removed_namespace_is_a_finding(deployed: Templates, synthesized: Templates) -> None:
    removed = set()
    for resources, stack, logical_id in of_type(synthesized, MANIFEST_TYPE):
        if '"kind":"Namespace"' in str(resources.pop(logical_id)["Properties"]["Manifest"]):
            removed.add(f"{stack}/{logical_id}")
    assert len(removed) >= 2
    assert {f.name for f in findings_of(deployed, synthesized)} == removed


def test_another_key_of_the_security_stack_replaces_the_database(
    deployed: Templates, synthesized: Templates
) -> None:
    (_, data, database), *_ = of_type(synthesized, "AWS::RDS::DBInstance")
    properties = synthesized[data].resources[database]["Properties"]
    security, _, export = properties["KmsKeyId"]["Fn::ImportValue"].partition(":")
    output = synthesized[security].template["Outputs"][export]
    key = output["Value"]["Fn::GetAtt"][0]
    resources = synthesized[security].template["Resources"]
    resources["NewKey"] = copy.deepcopy(resources[key])
    output["Value"]["Fn::GetAtt"][0] = "NewKey"

    findings = {finding.name: finding for finding in findings_of(deployed, synthesized)}

    assert findings[f"{data}/{database}"].changes[0].name == "KmsKeyId"


def test_a_replaced_subnet_group_replaces_the_database(
    deployed: Templates, synthesized: Templates
) -> None:
    resources, data, group = of_type(synthesized, "AWS::RDS::DBSubnetGroup")[0]
    resources[group]["Properties"]["DBSubnetGroupName"] = "another"
    (_, _, database), *_ = of_type(synthesized, "AWS::RDS::DBInstance")

    (finding,) = findings_of(deployed, synthesized)

    assert (finding.name, finding.changes[0].name) == (f"{data}/{database}", "DBSubnetGroupName")
    assert f"{data}/{group} is replaced: DBSubnetGroupName changes from nothing" in str(finding)


def test_an_override_for_the_database_does_not_allow_the_cluster(
    deployed: Templates, synthesized: Templates
) -> None:
    names = []
    for resource_type, name in (
        ("AWS::RDS::DBInstance", "DBName"),
        ("AWS::EKS::Cluster", "RoleArn"),
    ):
        resources, stack, logical_id = of_type(synthesized, resource_type)[0]
        resources[logical_id]["Properties"][name] = "another"
        names.append(f"{stack}/{logical_id}")

    left = exclude_allowed(findings_of(deployed, synthesized), names[:1])

    assert [finding.name for finding in left] == names[1:]


def test_a_restore_stops_only_where_it_removes_the_old_database(
    deployed: Templates, production: SynthesizedStage
) -> None:
    """docs/runbooks/restore-database.md describes the steps of the restore."""
    restored = {
        "number": 2,
        "restore_to_time": "latest",
        "restore_source_resource_id": "db-ABCDEFGHIJKLMNOPQRST",
        "admin_password_from_secret": True,
    }

    def with_generations(*generations: dict[str, Any]) -> Templates:
        values = production.settings.model_dump()
        values["database"] |= {"active_generation": 2, "generations": generations}
        return as_templates(synthesize(StageSettings.model_validate(values)))

    switched = with_generations({"number": 1, "retiring": True}, restored)
    alone = with_generations(restored)

    assert findings_of(deployed, switched) == []
    types = sorted(finding.resource_type for finding in findings_of(switched, alone))
    assert types == ["AWS::Logs::LogGroup", "AWS::Logs::LogGroup", "AWS::RDS::DBInstance"]
