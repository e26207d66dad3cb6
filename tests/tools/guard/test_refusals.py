"""What CloudFormation refuses, each with the smallest templates that show it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.guard.test_comparison import Resource, changed, manifest, resource, stack
from tools.guard.comparison import compare
from tools.guard.refusal import Refusal
from tools.guard.templates import Templates, synthesized_templates
from tools.templates.assembly import read_stage
from tools.templates.schemas import registry_schemas

NODES = resource("AWS::EKS::Nodegroup", ClusterName="c", InstanceTypes=["t3.medium"])
NODES["Metadata"] = {"aws:cdk:path": "staging/cluster/Nodes/Resource"}
LARGER = changed(NODES, InstanceTypes=["t3.large"])
NAME = {"Fn::GetAtt": ["Nodes", "NodegroupName"]}
TOPIC = resource("AWS::SNS::Topic")


def refusals(old: Templates, new: Templates) -> list[Refusal]:
    return list(compare(old, new, registry_schemas()).refusals)


# Exports


def exporting(resources: dict[str, Resource], name: str = "cluster", **exports: Any) -> Templates:
    outputs = {
        key: {"Value": value, "Export": {"Name": f"{name}:{key}"}} for key, value in exports.items()
    }
    return stack(resources, name, Outputs=outputs)


def reading(*exports: str, name: str = "monitoring") -> Templates:
    values = {f"Board{i}": {"Fn::ImportValue": export} for i, export in enumerate(exports)}
    board = resource("AWS::CloudWatch::Dashboard", **values)
    board["Metadata"] = {"aws:cdk:path": f"staging/{name}/Board"}
    return stack({"Board": board}, name)


def test_a_replaced_resource_cannot_change_an_export_that_a_deployed_stack_imports() -> None:
    reader = reading("cluster:Name")
    old = {**exporting({"Nodes": NODES}, Name=NAME), **reader}
    new = {**exporting({"Nodes": LARGER}, Name=NAME), **reader}

    (refusal,) = refusals(old, new)

    assert str(refusal).splitlines() == [
        "cluster/Name cannot be deployed: AWS would refuse the change",
        "  what   an export that monitoring imports",
        '  why    cluster:Name changes from {"Fn::GetAtt":["cluster/Nodes","NodegroupName"]} to '
        '{"Fn::GetAtt":["cluster/Nodes (replaced)","NodegroupName"]}',
        '  why    cluster/Nodes is replaced: InstanceTypes changes from ["t3.medium"] to '
        '["t3.large"]',
        "  error  Export cluster:Name cannot be updated as it is in use by monitoring",
        "  do     No order of the deployments helps: monitoring still imports the export.",
        "         Undo the change, or first deploy a version in which it does not.",
        "         See docs/runbooks/replacement-guard.md.",
    ]


def test_a_stack_that_no_longer_imports_the_export_is_deployed_first() -> None:
    old = {**exporting({"Nodes": NODES}, Name=NAME), **reading("cluster:Name")}
    new = {**exporting({"Nodes": NODES}), **reading()}

    (refusal,) = refusals(old, new)

    assert refusal.error == "Export cluster:Name cannot be deleted as it is in use by monitoring"
    assert refusal.way == (
        "Deploy monitoring first: without the import, the export is free.",
        "  python3 dev.py cdk deploy staging/monitoring --exclusively -c stage=staging",
    )


def test_the_command_names_the_stage_without_metadata_in_the_templates(tmp_path: Path) -> None:
    old = {**exporting({"Nodes": NODES}, Name=NAME), **reading("cluster:Name")}
    new = {**exporting({"Nodes": NODES}), **reading()}
    folder = tmp_path / "assembly-staging"
    folder.mkdir()
    artifacts = {}
    for name, template in new.items():
        resources = {
            logical_id: {key: value for key, value in item.items() if key != "Metadata"}
            for logical_id, item in template.resources.items()
        }
        (folder / name).write_text(json.dumps({**template.template, "Resources": resources}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/us-east-1",
            "properties": {"templateFile": name},
            "displayName": f"staging/{name}",
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))

    (refusal,) = refusals(old, synthesized_templates(read_stage(tmp_path, "staging"), old))

    assert refusal.way[1] == (
        "  python3 dev.py cdk deploy staging/monitoring --exclusively -c stage=staging"
    )


def test_no_order_helps_a_stack_that_imports_another_new_export_instead() -> None:
    old = {**exporting({"Nodes": NODES}, Name=NAME), **reading("cluster:Name")}
    new = {**exporting({"Nodes": NODES}, Other=NAME), **reading("cluster:Other")}

    (refusal,) = refusals(old, new)

    assert refusal.way[0].startswith("No order of the deployments helps: monitoring imports what")


def test_the_stack_of_a_new_export_is_deployed_before_its_reader() -> None:
    former = {**exporting({"Nodes": NODES}, Name=NAME), **exporting({"Topic": TOPIC}, "data")}
    latter = {**exporting({"Nodes": NODES}), **exporting({"Topic": TOPIC}, "data", Topic="arn")}

    (refusal,) = refusals(
        {**former, **reading("cluster:Name")}, {**latter, **reading("data:Topic")}
    )

    assert refusal.way[0].startswith("Deploy data, then monitoring first")


def test_a_stack_that_is_no_longer_synthesized_is_deleted_before_its_imports_go() -> None:
    old = {**exporting({"Nodes": NODES}, Name=NAME), **reading("cluster:Name")}

    (refusal,) = refusals(old, exporting({"Nodes": NODES}))

    assert refusal.way == (
        "Delete the stack monitoring first: the stage does not have it any more.",
    )


def test_an_export_that_no_deployed_stack_imports_can_go_and_change() -> None:
    old = exporting({"Nodes": NODES}, Name=NAME, Other="a")
    assert not refusals(old, {**exporting({"Nodes": LARGER}, Name=NAME), **reading("cluster:Name")})


def test_an_attribute_of_an_updated_custom_resource_is_not_known_to_change() -> None:
    custom = resource("Custom::Name", Length=1)
    value = {"Fn::GetAtt": ["Custom", "Name"]}
    old = {**exporting({"Custom": custom}, Name=value), **reading("cluster:Name")}
    new = {**old, **exporting({"Custom": changed(custom, Length=2)}, Name=value)}
    assert not refusals(old, new)


def test_the_export_of_a_resource_whose_replacement_is_refused_is_not_refused_again() -> None:
    reader = reading("cluster:Name")
    old = {**exporting({"Nodes": changed(NODES, NodegroupName="n")}, Name=NAME), **reader}
    new = {**exporting({"Nodes": changed(LARGER, NodegroupName="n")}, Name=NAME), **reader}

    assert [refusal.name for refusal in refusals(old, new)] == ["cluster/Nodes"]


def test_a_property_that_replaces_in_some_cases_is_not_known_to_change_an_export() -> None:
    database = resource("AWS::RDS::DBInstance", PerformanceInsightsKMSKeyId="key")
    reader, value = reading("cluster:Db"), {"Ref": "Db"}
    old = {**exporting({"Db": database}, Db=value), **reader}
    new = {**exporting({"Db": resource("AWS::RDS::DBInstance")}, Db=value), **reader}

    assert not refusals(old, new)


def test_a_weak_reference_does_not_lock_the_output() -> None:
    weak = {"Fn::GetStackOutput": {"StackName": "cluster", "OutputName": "Name"}}
    board = stack({"Board": resource("AWS::CloudWatch::Dashboard", Body=weak)}, "monitoring")
    old, new = (
        {**stack({"Nodes": nodes}, "cluster", Outputs={"Name": {"Value": NAME}}), **board}
        for nodes in (NODES, LARGER)
    )
    assert not refusals(old, new)


# Names


@pytest.mark.parametrize(
    ("old", "name"),
    [
        (resource("AWS::EKS::Nodegroup", NodegroupName="n", AmiType="A"), "n"),
        (resource("AWS::IAM::ManagedPolicy", ManagedPolicyName="n", Path="A"), "n"),
        (resource("AWS::RDS::DBInstance", DBInstanceIdentifier="n", KmsKeyId="A"), "n"),
        (resource("AWS::ElasticLoadBalancingV2::TargetGroup", Name="n", VpcId="A"), "n"),
        (
            resource(
                "AWS::Budgets::Budget",
                Budget={"BudgetName": "n"},
                NotificationsWithSubscribers="A",
            ),
            "n",
        ),
    ],
    ids=lambda value: value["Type"] if isinstance(value, dict) else "",
)
def test_a_replacement_cannot_have_the_name_of_what_it_replaces(old: Resource, name: str) -> None:
    property_name = list(old["Properties"])[-1]
    new = changed(old, **{property_name: "B"})

    (refusal,) = refusals(stack({"R": old}), stack({"R": new}))

    assert refusal.name == "app/R"
    assert refusal.error == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {name} and update the stack again."
    )
    assert refusal.reasons[0] == f'{property_name} changes from "A" to "B"'


def test_a_replacement_with_another_name_or_a_generated_name_is_not_refused() -> None:
    named = changed(NODES, NodegroupName="medium")
    assert not refusals(stack({"N": NODES}), stack({"N": LARGER}))
    assert not refusals(stack({"N": named}), stack({"N": changed(LARGER, NodegroupName="large")}))


def test_a_resource_with_a_new_logical_id_cannot_have_the_name_of_the_old_one() -> None:
    role = resource("AWS::IAM::Role", RoleName="reader")

    (refusal,) = refusals(stack({"Old": role, "T": TOPIC}), stack({"New": role, "T": TOPIC}))

    assert refusal.error == "AWS::IAM::Role reader already exists"
    assert refusal.way[0].startswith("Keep the old logical id (CfnResource.override_logical_id)")


def test_the_name_of_a_retained_resource_stays_taken() -> None:
    group = resource("AWS::Logs::LogGroup", LogGroupName="audit") | {"DeletionPolicy": "Retain"}

    (refusal,) = refusals(stack({"Old": group, "T": TOPIC}), stack({"New": group, "T": TOPIC}))

    assert "stays after its removal" in refusal.way[0]


def test_a_name_can_move_to_a_stack_that_is_deployed_later() -> None:
    role, rest = resource("AWS::IAM::Role", RoleName="reader"), {"T": TOPIC}
    first = {**stack({"Role": role, **rest}, "a"), **stack(rest, "b")}
    second = {**stack(rest, "a"), **stack({"Role": role, **rest}, "b")}

    assert not refusals(first, second)
    (refusal,) = refusals(second, first)
    assert refusal.way[0].startswith("Deploy b first: python3 dev.py cdk deploy b --exclusively")


# Kubernetes objects


def with_objects(*objects: dict[str, Any], references: tuple[Any, ...] = ()) -> Resource:
    result = manifest(cluster="c")
    text = json.dumps(objects).split("REFERENCE")
    parts = [text[0], *(p for pair in zip(references, text[1:], strict=True) for p in pair)]
    result["Properties"]["Manifest"] = {"Fn::Join": ["", parts]} if references else text[0]
    return result


def job(image: str, name: str = "migrate") -> dict[str, Any]:
    return {
        "kind": "Job",
        "metadata": {"name": name, "namespace": "app"},
        "spec": {"template": {"image": image}},
    }


def test_an_immutable_field_of_an_object_cannot_change() -> None:
    old, new = (stack({"M": with_objects(job(image))}) for image in ("a:1", "a:2"))

    (refusal,) = refusals(old, new)

    assert refusal.subject.startswith("Job app/migrate of the manifest Custom::AWSCDK-EKS-")
    assert refusal.error == 'Job "migrate" is invalid: spec.template: field is immutable'


def test_an_object_with_another_name_is_a_new_one() -> None:
    old, new = (stack({"M": with_objects(job(name, name))}) for name in ("one", "two"))
    assert not refusals(old, new)


def test_an_immutable_field_changes_with_the_replaced_resource_that_it_names() -> None:
    objects = with_objects(job("REFERENCE"), references=({"Ref": "Nodes"},))
    old, new = (stack({"Nodes": nodes, "M": objects}) for nodes in (NODES, LARGER))

    (refusal,) = refusals(old, new)

    assert refusal.reasons[1].startswith("app/Nodes is replaced: InstanceTypes changes from")


def test_the_objects_of_another_cluster_are_new() -> None:
    old, new = (
        stack({"M": changed(with_objects(job(image)), ClusterName=image)}) for image in ("a", "b")
    )
    assert not refusals(old, new)


# Replication groups


def redis(nodes: int, *, failover: bool) -> Templates:
    group = resource(
        "AWS::ElastiCache::ReplicationGroup",
        NumCacheClusters=nodes,
        AutomaticFailoverEnabled=failover,
        MultiAZEnabled=failover,
    )
    return stack({"Redis": group})


def test_the_first_replica_and_the_failover_take_two_deployments() -> None:
    one, between, two = redis(1, failover=False), redis(2, failover=False), redis(2, failover=True)

    (refusal,) = refusals(one, two)

    assert "must have at least one read replica to enable autofailover" in refusal.error
    assert refusal.reasons == (
        'NumCacheClusters changes from "1" to "2"',
        'AutomaticFailoverEnabled changes from "false" to "true"',
    )
    assert "first with cache.automatic_failover: false" in refusal.way[0]
    assert not refusals(one, between)
    assert not refusals(between, two)


def test_the_last_replica_goes_after_the_failover() -> None:
    one, between, two = redis(1, failover=False), redis(2, failover=False), redis(2, failover=True)

    (refusal,) = refusals(two, one)

    assert "first with cache.automatic_failover: false" in refusal.way[0]
    assert not refusals(two, between)
    assert not refusals(between, one)


def test_more_replicas_take_one_deployment() -> None:
    assert not refusals(redis(2, failover=True), redis(3, failover=True))


# Properties that go in one direction only

INSTANCE, CACHE, CLUSTER = (
    "AWS::RDS::DBInstance",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::EKS::Cluster",
)


@pytest.mark.parametrize(
    "resource_type, name, old, new",
    [
        (INSTANCE, "AllocatedStorage", "100", "99"),
        (INSTANCE, "AllocatedStorage", "100", "109"),
        (INSTANCE, "EngineVersion", "15.17", "15.16"),
        (INSTANCE, "EngineVersion", "16", "15.17"),
        (CACHE, "EngineVersion", "7.1", "7.0"),
        (CLUSTER, "Version", "1.35", "1.34"),
        (CLUSTER, "Version", "1.33", "1.35"),
    ],
)
def test_a_property_that_cannot_go_back_is_refused(
    resource_type: str, name: str, old: str, new: str
) -> None:
    before = resource(resource_type, **{name: old})
    after = changed(before, **{name: new})

    (refusal,) = refusals(stack({"Store": before}), stack({"Store": after}))

    assert refusal.reasons == (f'{name} changes from "{old}" to "{new}"',)
    assert "Undo the change" in refusal.way[0]


@pytest.mark.parametrize(
    "resource_type, name, old, new",
    [
        (INSTANCE, "AllocatedStorage", "100", "110"),
        (INSTANCE, "EngineVersion", "15", "15.17"),
        (INSTANCE, "EngineVersion", "15.17", "15"),
        (INSTANCE, "EngineVersion", "15.9", "15.17"),
        (CACHE, "EngineVersion", "7.0", "7.1"),
        (CLUSTER, "Version", "1.34", "1.35"),
    ],
)
def test_a_property_may_go_forward(resource_type: str, name: str, old: str, new: str) -> None:
    before = resource(resource_type, **{name: old})
    after = changed(before, **{name: new})

    assert refusals(stack({"Store": before}), stack({"Store": after})) == []
