"""The rules of the guard, each with the smallest templates that show it."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tools.guard.comparison import compare
from tools.guard.conditional_properties import IN_PLACE_RULES
from tools.guard.finding import Finding, Impact
from tools.guard.templates import StackTemplate, Templates
from tools.templates.schemas import registry_schemas

Resource = dict[str, Any]
DATABASE: Resource = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {"DBInstanceClass": "db.t3.large", "DBName": "a", "MultiAZ": True},
    "DeletionPolicy": "Snapshot",
    "UpdateReplacePolicy": "Snapshot",
}
CLUSTER: Resource = {"Type": "AWS::EKS::Cluster", "Properties": {"Name": "c"}}


def stack(
    resources: Mapping[str, Resource], name: str = "app", **sections: Any
) -> dict[str, StackTemplate]:
    """Return the templates of a stage with one stack. `|` adds the stacks of another stage."""
    parameters = sections.pop("deployed_parameters", {})
    template = {"Resources": dict(resources), **sections}
    return {name: StackTemplate(name, "us-east-1", "111111111111", template, parameters)}


def findings(old: Templates, new: Templates) -> list[Finding]:
    return list(compare(old, new, registry_schemas()).findings)


def impacts(old: Templates, new: Templates) -> dict[str, Impact]:
    return {finding.name: finding.impact for finding in findings(old, new)}


def changed(resource: Resource, **properties: Any) -> Resource:
    """Return the resource with other properties. The value None removes a property."""
    result = copy.deepcopy(resource)
    result["Properties"] = {
        name: value
        for name, value in {**result.get("Properties", {}), **properties}.items()
        if value is not None
    }
    return result


def resource(resource_type: str, **properties: Any) -> Resource:
    return {"Type": resource_type, "Properties": properties}


# Replacements


def test_a_changed_create_only_property_replaces() -> None:
    (finding,) = findings(stack({"Db": DATABASE}), stack({"Db": changed(DATABASE, DBName="b")}))
    assert (finding.impact, finding.changes[0].name) == (Impact.REPLACED, "DBName")
    assert (finding.changes[0].old, finding.changes[0].new) == ("a", "b")


def test_a_create_only_property_that_is_added_or_removed_replaces() -> None:
    with_name, without = DATABASE, changed(DATABASE, DBName=None)
    assert impacts(stack({"Db": without}), stack({"Db": with_name})) == {"app/Db": Impact.REPLACED}
    assert impacts(stack({"Db": with_name}), stack({"Db": without})) == {"app/Db": Impact.REPLACED}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"IpFamily": "ipv4"}, {"IpFamily": "ipv6"}),
        ({"IpFamily": "ipv4"}, {"Fn::If": ["C", {"IpFamily": "ipv4"}, {"IpFamily": "ipv6"}]}),
        ({"Fn::If": ["C", {"IpFamily": "ipv4"}, {}]}, {"Fn::If": ["C", {"IpFamily": "ipv6"}, {}]}),
        (None, {"IpFamily": "ipv4"}),
    ],
)
def test_a_nested_create_only_property_replaces(before: Any, after: Any) -> None:
    old, new = (changed(CLUSTER, KubernetesNetworkConfig=value) for value in (before, after))
    (finding,) = findings(stack({"C": old}), stack({"C": new}))
    assert "KubernetesNetworkConfig/IpFamily" in [change.name for change in finding.changes]


def test_a_sibling_of_a_nested_create_only_property_passes() -> None:
    old, new = (
        changed(CLUSTER, AccessConfig={"AuthenticationMode": mode}) for mode in ("API", "CONFIG")
    )
    assert not findings(stack({"C": old}), stack({"C": new}))


@pytest.mark.parametrize("name", ["DBInstanceClass", "EngineVersion", "AllocatedStorage"])
def test_a_property_that_is_updated_in_place_passes(name: str) -> None:
    assert not findings(stack({"Db": DATABASE}), stack({"Db": changed(DATABASE, **{name: "x"})}))


def test_a_resource_that_holds_no_data_can_be_replaced() -> None:
    old = {"Log": resource("AWS::EC2::FlowLog", TrafficType="ALL")}
    new = {"Log": resource("AWS::EC2::FlowLog", TrafficType="REJECT")}
    assert not findings(stack(old), stack(new))


def test_a_stack_that_is_not_deployed_has_no_findings() -> None:
    assert not findings({}, stack({"Db": DATABASE}))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"AutoMinorVersionUpgrade": False}),
        (None, {"BackupRetentionPeriod": 7}),
        (None, {"DBParameterGroupName": "other"}),
        (None, {"MultiAZ": False}),
        (None, {"PreferredMaintenanceWindow": "sun:02:00-sun:04:00"}),
        ({"SourceDBInstanceIdentifier": "primary"}, {"SourceDBInstanceIdentifier": None}),
        ({"AvailabilityZone": "us-east-1a"}, {"AvailabilityZone": None, "MultiAZ": True}),
        (None, {"PerformanceInsightsKMSKeyId": "key"}),
    ],
    ids=str,
)
def test_a_conditional_property_passes_if_rds_updates_the_instance_in_place(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    old = changed(DATABASE, **before or {})
    assert not findings(stack({"Db": old}), stack({"Db": changed(old, **after)}))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"Engine": "postgres"}, {"Engine": "mysql"}),
        (None, {"RestoreTime": "2026-11-23T08:00:00Z"}),
        ({"DBSnapshotIdentifier": "s"}, {"DBSnapshotIdentifier": "t"}),
        ({"DBSnapshotIdentifier": "s"}, {"DBSnapshotIdentifier": None}),
        ({"RestoreTime": "2026-11-23T08:00:00Z"}, {"RestoreTime": None}),
        (None, {"SourceDBInstanceIdentifier": "primary"}),
        (None, {"UseLatestRestorableTime": True}),
        ({"AvailabilityZone": "us-east-1a"}, {"AvailabilityZone": "us-east-1b"}),
        ({"AvailabilityZone": "us-east-1a", "MultiAZ": False}, {"AvailabilityZone": None}),
        ({"PerformanceInsightsKMSKeyId": "key"}, {"PerformanceInsightsKMSKeyId": "other"}),
    ],
    ids=str,
)
def test_a_conditional_property_replaces_if_rds_cannot_update_the_instance(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    old = changed(DATABASE, **before or {})
    (finding,) = findings(stack({"Db": old}), stack({"Db": changed(old, **after)}))
    assert finding.changes[0].name in after


def test_a_conditional_property_without_a_rule_replaces() -> None:
    group = resource("AWS::ElastiCache::ReplicationGroup", AuthToken="{{resolve:a}}")
    new = changed(group, AuthToken="{{resolve:b}}")
    assert impacts(stack({"Cache": group}), stack({"Cache": new})) == {"app/Cache": Impact.REPLACED}


def test_each_rule_is_for_a_property_that_the_schema_calls_conditional() -> None:
    for resource_type, rules in IN_PLACE_RULES.items():
        schema = registry_schemas().get(resource_type, "us-east-1")
        assert schema is not None
        assert {(name,) for name in rules} <= set(schema.conditional_create_only)


# Resources that refer to replaced resources

SUBNETS = resource("AWS::RDS::DBSubnetGroup", DBSubnetGroupName="a")
IN_SUBNETS = changed(DATABASE, DBSubnetGroupName={"Ref": "Subnets"})


def test_a_replaced_resource_replaces_what_refers_to_it_by_a_create_only_property() -> None:
    old = stack({"Subnets": SUBNETS, "Db": IN_SUBNETS})
    new = stack({"Subnets": changed(SUBNETS, DBSubnetGroupName="b"), "Db": IN_SUBNETS})
    (finding,) = findings(old, new)
    assert (finding.name, finding.changes[0].name) == ("app/Db", "DBSubnetGroupName")
    assert 'app/Subnets is replaced: DBSubnetGroupName changes from "a" to "b"' in str(finding)


def test_a_finding_names_each_replacement_that_causes_it() -> None:
    name = {"Fn::Join": ["-", ["a", {"Fn::GetAtt": ["Topic", "TopicName"]}]]}
    subnets = changed(SUBNETS, DBSubnetGroupName=name)
    topic = resource("AWS::SNS::Topic", TopicName="a")
    old = stack({"Topic": topic, "Subnets": subnets, "Db": IN_SUBNETS})
    new = stack({"Topic": changed(topic, TopicName="b"), "Subnets": subnets, "Db": IN_SUBNETS})
    (finding,) = findings(old, new)
    assert [reason.partition(" changes")[0] for reason in finding.reasons] == [
        "DBSubnetGroupName",
        "app/Subnets is replaced: DBSubnetGroupName",
        "app/Topic is replaced: TopicName",
    ]


def test_a_resource_with_another_type_replaces_what_refers_to_it() -> None:
    old = stack({"Subnets": SUBNETS, "Db": IN_SUBNETS})
    new = stack({"Subnets": resource("AWS::SNS::Topic"), "Db": IN_SUBNETS})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}


def test_a_renamed_resource_replaces_what_refers_to_it_by_a_create_only_property() -> None:
    old = stack({"Subnets": SUBNETS, "Db": IN_SUBNETS})
    renamed = changed(IN_SUBNETS, DBSubnetGroupName={"Ref": "Others"})
    new = stack({"Others": SUBNETS, "Db": renamed})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}


def test_a_replacement_is_followed_through_the_exports_of_several_stacks() -> None:
    key = resource("AWS::KMS::ReplicaKey", PrimaryKeyArn="a")
    exported = {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "first:Key"}}}
    again = {"Again": {"Value": {"Fn::ImportValue": "first:Key"}, "Export": {"Name": "second:Key"}}}
    rest = stack({"None": resource("AWS::SNS::Topic")}, "second", Outputs=again) | stack(
        {"Db": changed(DATABASE, KmsKeyId={"Fn::ImportValue": "second:Key"})}, "third"
    )
    old = stack({"Key": key}, "first", Outputs=exported) | rest
    new = stack({"Key": changed(key, PrimaryKeyArn="b")}, "first", Outputs=exported) | rest
    assert impacts(old, new) == {"first/Key": Impact.REPLACED, "third/Db": Impact.REPLACED}


def test_an_attribute_of_a_resource_that_is_updated_in_place_counts_as_unchanged() -> None:
    key = resource("AWS::KMS::Key", Description="a")
    database = changed(DATABASE, KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]})
    new = {"Key": changed(key, Description="b"), "Db": database}
    assert not findings(stack({"Key": key, "Db": database}), stack(new))


def test_an_attribute_of_an_updated_custom_resource_counts_as_changed() -> None:
    custom = resource("Custom::Name", Length=1)
    database = changed(DATABASE, DBName={"Fn::GetAtt": ["Custom", "Name"]})
    old = stack({"Custom": custom, "Db": database})
    assert not findings(old, old)
    new = stack({"Custom": changed(custom, Length=2), "Db": database})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}


# Templates that differ, but have the same values

EQUAL_VALUES: list[tuple[Any, Any]] = [
    ("ab", {"Fn::Join": ["", ["a", "b"]]}),
    ({"Ref": "Topic"}, {"Fn::Join": ["", [{"Ref": "Topic"}]]}),
    ({"Ref": "Topic"}, {"Fn::Sub": "${Topic}"}),
    ({"Fn::Join": ["-", ["a", {"Ref": "Topic"}]]}, {"Fn::Sub": "a-${Topic}"}),
    ({"Fn::Join": ["", ["x", {"Fn::Join": ["", ["a", {"Ref": "Topic"}]]}]]}, {"Fn::Sub": "xa${Topic}"}),  # noqa: E501
    ({"Fn::GetAtt": "Topic.TopicName"}, {"Fn::GetAtt": ["Topic", "TopicName"]}),
    ("us-east-1", {"Ref": "AWS::Region"}),
    ("app", {"Ref": "AWS::StackName"}),
    (5432, "5432"),
    (True, "true"),
    (None, {"Ref": "AWS::NoValue"}),
    ("b", {"Fn::Select": [1, ["a", "b"]]}),
    ("b", {"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}),
    ("yes", {"Fn::If": ["Here", "yes", "no"]}),
    ("value", {"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "key"]}),
]  # fmt: skip
SECTIONS: dict[str, Any] = {
    "Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}},
    "Mappings": {"Map": {"us-east-1": {"key": "value"}}},
}


@pytest.mark.parametrize(("one", "other"), EQUAL_VALUES, ids=str)
def test_another_expression_with_the_same_value_passes(one: Any, other: Any) -> None:
    old, new = (
        stack(
            {"Topic": resource("AWS::SNS::Topic"), "Db": changed(DATABASE, DBName=value)},
            **SECTIONS,
        )
        for value in (one, other)
    )
    assert not findings(old, new)
    assert not findings(new, old)


def test_a_renamed_export_of_the_same_value_passes() -> None:
    def stage(name: str) -> Templates:
        export = {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": name}}}
        database = changed(DATABASE, KmsKeyId={"Fn::ImportValue": name})
        return stack({"Key": resource("AWS::KMS::Key")}, "keys", Outputs=export) | stack(
            {"Db": database}
        )

    assert not findings(stage("old"), stage("new"))


def test_an_import_of_another_value_replaces() -> None:
    def stage(name: str) -> Templates:
        exports = {
            key: {"Value": {"Ref": key}, "Export": {"Name": key}} for key in ("One", "Other")
        }
        keys = dict.fromkeys(exports, resource("AWS::KMS::Key"))
        database = changed(DATABASE, KmsKeyId={"Fn::ImportValue": name})
        return stack(keys, "keys", Outputs=exports) | stack({"Db": database})

    assert impacts(stage("One"), stage("Other")) == {"app/Db": Impact.REPLACED}


@pytest.mark.parametrize(
    "value",
    [{"Fn::ImportValue": "elsewhere"}, {"Fn::GetAZs": ""}, {"Ref": "AWS::StackId"}],
    ids=str,
)
def test_a_value_that_is_unknown_before_the_deployment_counts_as_changed(value: Any) -> None:
    old, new = stack({"Db": DATABASE}), stack({"Db": changed(DATABASE, DBName=value)})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}
    assert not findings(new, new)


def test_a_parameter_keeps_its_deployed_value() -> None:
    named = {"Db": changed(DATABASE, DBName={"Ref": "Name"})}
    parameters: dict[str, Any] = {"Parameters": {"Name": {"Type": "String", "Default": "a"}}}
    new = stack(named, **parameters, deployed_parameters={"Name": "b"})
    assert impacts(stack({"Db": DATABASE}), stack(named, **parameters)) == {}
    assert impacts(stack({"Db": DATABASE}), new) == {"app/Db": Impact.REPLACED}


# Removals


def test_a_removed_resource_is_a_finding() -> None:
    (finding,) = findings(stack({"Db": DATABASE, "T": CLUSTER}), stack({"T": CLUSTER}))
    assert finding.impact == Impact.REMOVED
    assert "LogicalId Db is no longer in the template" in str(finding)
    assert "a final snapshot stays" in finding.loss


def test_a_renamed_resource_is_a_finding_with_its_new_name() -> None:
    other = {"Other": DATABASE, "Cluster": CLUSTER}
    (finding,) = findings(stack({"Db": DATABASE, **other}), stack({"Database": DATABASE, **other}))
    assert finding.impact == Impact.REMOVED
    assert "perhaps renamed: app/Database\n" in str(finding)


def test_a_resource_that_moves_to_another_stack_is_a_finding() -> None:
    old = stack({"Db": DATABASE}) | stack({}, "other")
    assert impacts(old, stack({}) | stack({"Db": DATABASE}, "other")) == {"app/Db": Impact.REMOVED}


def test_a_resource_with_another_type_is_a_finding() -> None:
    new = stack({"Db": resource("AWS::RDS::DBCluster")})
    assert impacts(stack({"Db": DATABASE}), new) == {"app/Db": Impact.REMOVED}


@pytest.mark.parametrize(
    ("before", "after", "impact"),
    [
        ("us-east-1", "us-east-1", None),
        ("us-east-1", "us-west-2", Impact.REMOVED),
        ("us-west-2", "us-east-1", None),
        ("us-east-1", {"Ref": "Unknown"}, Impact.REMOVED),
        ({"Ref": "Unknown"}, {"Ref": "Unknown"}, None),
        ({"Ref": "Unknown"}, "us-east-1", None),
    ],
    ids=str,
)
def test_a_condition_that_no_longer_holds_removes(
    before: Any, after: Any, impact: Impact | None
) -> None:
    old, new = (
        stack(
            {"Db": DATABASE | {"Condition": "C"}},
            Conditions={"C": {"Fn::And": [{"Fn::Equals": [{"Ref": "AWS::Region"}, region]}]}},
        )
        for region in (before, after)
    )
    assert impacts(old, new) == ({"app/Db": impact} if impact else {})


def test_a_resource_whose_condition_is_false_can_change_and_be_removed() -> None:
    never: dict[str, Any] = {"Conditions": {"C": {"Fn::Equals": ["a", "b"]}}}
    old = stack({"Db": DATABASE | {"Condition": "C"}, "T": CLUSTER}, **never)
    another = changed(DATABASE, DBName="b") | {"Condition": "C"}
    assert not findings(old, stack({"Db": another, "T": CLUSTER}, **never))
    assert not findings(old, stack({"T": CLUSTER}))


def test_a_stack_that_is_no_longer_synthesized_is_one_finding_if_it_holds_data() -> None:
    old = stack({"Db": DATABASE}, "gone") | stack({"Cluster": CLUSTER})
    assert impacts(old, stack({"Cluster": CLUSTER})) == {"gone": Impact.LEFT_BEHIND}
    without_data = stack({"Topic": resource("AWS::SNS::Topic")}, "gone")
    assert impacts(without_data, {}) == {}


# Policies and generated secrets


@pytest.mark.parametrize("policy", ["DeletionPolicy", "UpdateReplacePolicy"])
@pytest.mark.parametrize("value", ["Retain", "RetainExceptOnCreate", "Snapshot"])
def test_a_policy_that_becomes_delete_is_a_finding(policy: str, value: str) -> None:
    bucket = resource("AWS::S3::Bucket") | {policy: value}
    (finding,) = findings(stack({"B": bucket}), stack({"B": bucket | {policy: "Delete"}}))
    assert (finding.impact, finding.changes[0].name) == (Impact.UNPROTECTED, policy)
    assert impacts(stack({"B": bucket}), stack({"B": resource("AWS::S3::Bucket")})) == {
        "app/B": Impact.UNPROTECTED
    }


def test_a_policy_that_becomes_stricter_passes() -> None:
    bucket = resource("AWS::S3::Bucket")
    assert not findings(stack({"B": bucket}), stack({"B": bucket | {"DeletionPolicy": "Retain"}}))


def test_a_database_without_a_deletion_policy_has_the_policy_snapshot() -> None:
    bare = {k: v for k, v in DATABASE.items() if not k.endswith("Policy")}
    assert impacts(stack({"Db": bare}), stack({"Db": bare | {"DeletionPolicy": "Delete"}})) == {
        "app/Db": Impact.UNPROTECTED
    }


@pytest.mark.parametrize(
    ("before", "after", "impact"),
    [
        ({"PasswordLength": 32}, {"PasswordLength": 64}, Impact.REGENERATED),
        (None, {"PasswordLength": 32}, Impact.REGENERATED),
        ({"PasswordLength": 32}, {"PasswordLength": 32}, None),
        ({"PasswordLength": 32}, None, None),
    ],
)
def test_a_secret_with_a_new_generated_value_is_a_finding(
    before: Any, after: Any, impact: Impact | None
) -> None:
    old, new = (
        stack({"S": changed(resource("AWS::SecretsManager::Secret"), GenerateSecretString=value)})
        for value in (before, after)
    )
    assert impacts(old, new) == ({"app/S": impact} if impact else {})


# Log groups


def test_a_log_group_is_stateful_if_its_deletion_policy_retains_it() -> None:
    group = resource("AWS::Logs::LogGroup", LogGroupName="audit")
    kept = group | {"DeletionPolicy": "RetainExceptOnCreate"}
    assert impacts(stack({"L": kept, "T": CLUSTER}), stack({"T": CLUSTER})) == {
        "app/L": Impact.REMOVED
    }
    assert impacts(stack({"L": kept}), stack({"L": group})) == {"app/L": Impact.UNPROTECTED}
    assert not findings(stack({"L": group, "T": CLUSTER}), stack({"T": CLUSTER}))


# Namespaces


def manifest(
    *objects: tuple[str, str], cluster: Any = "c", prune: bool = True, reference: bool = False
) -> Resource:
    """Return a manifest with objects that are given as (kind, name)."""
    text = json.dumps([{"kind": kind, "metadata": {"name": name}} for kind, name in objects])
    joined = {"Fn::Join": ["", [text[:-1], ',{"kind":"Job","n":', {"Ref": "Count"}, "}]"]]}
    properties = {"Manifest": joined if reference else text, "ClusterName": cluster}
    if prune:
        properties["PruneLabel"] = "aws.cdk.eks/prune-x"
    return resource("Custom::AWSCDK-EKS-KubernetesResource", **properties)


NAMESPACED = manifest(("Namespace", "app"), ("Role", "reader"))


def test_a_removed_manifest_with_a_namespace_is_a_finding() -> None:
    assert impacts(stack({"M": NAMESPACED, "C": CLUSTER}), stack({"C": CLUSTER})) == {
        "app/M": Impact.REMOVED
    }


@pytest.mark.parametrize("reference", [False, True])
def test_a_namespace_that_is_pruned_from_its_manifest_is_a_finding(reference: bool) -> None:
    old = manifest(("Namespace", "app"), ("Role", "reader"), reference=reference)
    new = manifest(("Namespace", "app2"), ("Role", "reader"), reference=reference)
    (finding,) = findings(stack({"M": old}), stack({"M": new}))
    assert finding.impact == Impact.NAMESPACE_DELETED
    assert finding.changes[0].name == "Manifest/Namespace/app"


def test_a_namespace_stays_if_its_manifest_is_not_pruned() -> None:
    old = manifest(("Namespace", "app"), prune=False)
    assert not findings(stack({"M": old}), stack({"M": manifest(prune=False)}))


def test_a_namespace_that_moves_to_another_cluster_is_a_finding() -> None:
    clusters = {"One": CLUSTER, "Other": CLUSTER}
    old, new = (
        stack({**clusters, "M": manifest(("Namespace", "app"), cluster={"Ref": name})})
        for name in clusters
    )
    assert impacts(old, new) == {"app/M": Impact.REPLACED}


def test_the_namespaces_of_a_replaced_cluster_are_not_findings_of_their_own() -> None:
    old = {"M": manifest(("Namespace", "app"), cluster={"Ref": "C"}), "C": CLUSTER}
    new = old | {"C": changed(CLUSTER, Name="d")}
    assert impacts(stack(old), stack(new)) == {"app/C": Impact.REPLACED}


def test_a_manifest_without_a_namespace_can_be_removed_and_other_objects_can_change() -> None:
    assert not findings(stack({"M": manifest(("Role", "reader"))}), stack({"C": CLUSTER}))
    new = manifest(("Namespace", "app"), ("Role", "writer"))
    assert not findings(stack({"M": NAMESPACED}), stack({"M": new}))
