"""The rules of the guard, each on the smallest template that shows it."""

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
    """A stage of one stack; join several with `|`."""
    parameters = sections.pop("deployed_parameters", {})
    template = {"Resources": dict(resources), **sections}
    return {name: StackTemplate(name, "us-east-1", "111111111111", template, parameters)}


def found(old: Templates, new: Templates) -> list[Finding]:
    return compare(old, new, registry_schemas())


def impacts(old: Templates, new: Templates) -> dict[str, Impact]:
    return {finding.name: finding.impact for finding in found(old, new)}


def changed(resource: Resource, **properties: Any) -> Resource:
    """The resource with other properties; None takes one away."""
    made = copy.deepcopy(resource)
    made["Properties"] = {
        name: value
        for name, value in {**made.get("Properties", {}), **properties}.items()
        if value is not None
    }
    return made


def resource(kind: str, **properties: Any) -> Resource:
    return {"Type": kind, "Properties": properties}


# What is replaced


def test_a_changed_create_only_property_replaces() -> None:
    (finding,) = found(stack({"Db": DATABASE}), stack({"Db": changed(DATABASE, DBName="b")}))
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
    (finding,) = found(stack({"C": old}), stack({"C": new}))
    assert "KubernetesNetworkConfig/IpFamily" in [change.name for change in finding.changes]


def test_a_sibling_of_a_nested_create_only_property_passes() -> None:
    old, new = (
        changed(CLUSTER, AccessConfig={"AuthenticationMode": mode}) for mode in ("API", "CONFIG")
    )
    assert not found(stack({"C": old}), stack({"C": new}))


@pytest.mark.parametrize("name", ["DBInstanceClass", "EngineVersion", "AllocatedStorage"])
def test_a_property_that_is_updated_in_place_passes(name: str) -> None:
    assert not found(stack({"Db": DATABASE}), stack({"Db": changed(DATABASE, **{name: "x"})}))


def test_what_holds_nothing_may_be_replaced() -> None:
    old = {"Log": resource("AWS::EC2::FlowLog", TrafficType="ALL")}
    new = {"Log": resource("AWS::EC2::FlowLog", TrafficType="REJECT")}
    assert not found(stack(old), stack(new))


def test_a_stack_that_is_not_deployed_has_nothing_to_lose() -> None:
    assert not found({}, stack({"Db": DATABASE}))


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
def test_a_conditional_property_passes_where_rds_updates_in_place(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    old = changed(DATABASE, **before or {})
    assert not found(stack({"Db": old}), stack({"Db": changed(old, **after)}))


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
def test_a_conditional_property_replaces_where_rds_cannot_update(
    before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    old = changed(DATABASE, **before or {})
    (finding,) = found(stack({"Db": old}), stack({"Db": changed(old, **after)}))
    assert finding.changes[0].name in after


def test_a_conditional_property_that_no_rule_knows_replaces() -> None:
    group = resource("AWS::ElastiCache::ReplicationGroup", AuthToken="{{resolve:a}}")
    new = changed(group, AuthToken="{{resolve:b}}")
    assert impacts(stack({"Cache": group}), stack({"Cache": new})) == {"app/Cache": Impact.REPLACED}


def test_the_rules_are_about_properties_that_the_schemas_call_conditional() -> None:
    for kind, rules in IN_PLACE_RULES.items():
        schema = registry_schemas().get(kind, "us-east-1")
        assert schema is not None
        assert {(name,) for name in rules} <= set(schema.conditional_create_only)


# What depends on what is replaced

SUBNETS = resource("AWS::RDS::DBSubnetGroup", DBSubnetGroupName="a")
IN_SUBNETS = changed(DATABASE, DBSubnetGroupName={"Ref": "Subnets"})


def test_a_replaced_resource_replaces_what_refers_to_it_by_a_create_only_property() -> None:
    old = stack({"Subnets": SUBNETS, "Db": IN_SUBNETS})
    new = stack({"Subnets": changed(SUBNETS, DBSubnetGroupName="b"), "Db": IN_SUBNETS})
    (finding,) = found(old, new)
    assert (finding.name, finding.changes[0].name) == ("app/Db", "DBSubnetGroupName")
    assert 'app/Subnets is replaced: DBSubnetGroupName changes from "a" to "b"' in str(finding)


def test_a_renamed_dependency_replaces_too() -> None:
    old = stack({"Subnets": SUBNETS, "Db": IN_SUBNETS})
    renamed = changed(IN_SUBNETS, DBSubnetGroupName={"Ref": "Others"})
    new = stack({"Others": SUBNETS, "Db": renamed})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}


def test_a_replacement_is_followed_through_exports_over_several_stacks() -> None:
    key = resource("AWS::KMS::ReplicaKey", PrimaryKeyArn="a")
    exported = {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "first:Key"}}}
    again = {"Again": {"Value": {"Fn::ImportValue": "first:Key"}, "Export": {"Name": "second:Key"}}}
    rest = stack({"None": resource("AWS::SNS::Topic")}, "second", Outputs=again) | stack(
        {"Db": changed(DATABASE, KmsKeyId={"Fn::ImportValue": "second:Key"})}, "third"
    )
    old = stack({"Key": key}, "first", Outputs=exported) | rest
    new = stack({"Key": changed(key, PrimaryKeyArn="b")}, "first", Outputs=exported) | rest
    assert impacts(old, new) == {"first/Key": Impact.REPLACED, "third/Db": Impact.REPLACED}


def test_an_attribute_of_a_resource_that_is_updated_in_place_is_taken_as_unchanged() -> None:
    key = resource("AWS::KMS::Key", Description="a")
    database = changed(DATABASE, KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]})
    new = {"Key": changed(key, Description="b"), "Db": database}
    assert not found(stack({"Key": key, "Db": database}), stack(new))


def test_an_attribute_of_a_changed_custom_resource_is_taken_as_changed() -> None:
    custom = resource("Custom::Name", Length=1)
    database = changed(DATABASE, DBName={"Fn::GetAtt": ["Custom", "Name"]})
    old = stack({"Custom": custom, "Db": database})
    assert not found(old, old)
    new = stack({"Custom": changed(custom, Length=2), "Db": database})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}


# What is only another wording

WORDINGS: list[tuple[Any, Any]] = [
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


@pytest.mark.parametrize(("one", "other"), WORDINGS, ids=str)
def test_another_wording_of_the_same_value_passes(one: Any, other: Any) -> None:
    old, new = (
        stack(
            {"Topic": resource("AWS::SNS::Topic"), "Db": changed(DATABASE, DBName=value)},
            **SECTIONS,
        )
        for value in (one, other)
    )
    assert not found(old, new)
    assert not found(new, old)


def test_another_name_of_an_export_passes() -> None:
    def stage(name: str) -> Templates:
        export = {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": name}}}
        database = changed(DATABASE, KmsKeyId={"Fn::ImportValue": name})
        return stack({"Key": resource("AWS::KMS::Key")}, "keys", Outputs=export) | stack(
            {"Db": database}
        )

    assert not found(stage("old"), stage("new"))


def test_an_import_of_something_else_does_not_pass() -> None:
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
def test_what_nobody_knows_before_the_deploy_counts_as_a_change(value: Any) -> None:
    old, new = stack({"Db": DATABASE}), stack({"Db": changed(DATABASE, DBName=value)})
    assert impacts(old, new) == {"app/Db": Impact.REPLACED}
    assert not found(new, new)


def test_a_parameter_keeps_its_deployed_value() -> None:
    named = {"Db": changed(DATABASE, DBName={"Ref": "Name"})}
    parameters: dict[str, Any] = {"Parameters": {"Name": {"Type": "String", "Default": "a"}}}
    new = stack(named, **parameters, deployed_parameters={"Name": "b"})
    assert impacts(stack({"Db": DATABASE}), stack(named, **parameters)) == {}
    assert impacts(stack({"Db": DATABASE}), new) == {"app/Db": Impact.REPLACED}


# What is removed


def test_a_removed_resource_is_found() -> None:
    (finding,) = found(stack({"Db": DATABASE, "T": CLUSTER}), stack({"T": CLUSTER}))
    assert finding.impact == Impact.REMOVED
    assert "LogicalId Db is no longer in the template" in str(finding)
    assert "a final snapshot stays" in finding.loss


def test_a_renamed_resource_is_found_and_its_new_name_shown() -> None:
    other = {"Other": DATABASE, "Cluster": CLUSTER}
    (finding,) = found(stack({"Db": DATABASE, **other}), stack({"Database": DATABASE, **other}))
    assert finding.impact == Impact.REMOVED
    assert "perhaps renamed: app/Database\n" in str(finding)


def test_a_resource_that_moves_to_another_stack_is_found() -> None:
    old = stack({"Db": DATABASE}) | stack({}, "other")
    assert impacts(old, stack({}) | stack({"Db": DATABASE}, "other")) == {"app/Db": Impact.REMOVED}


def test_a_resource_that_becomes_another_type_is_found() -> None:
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


def test_what_its_condition_never_made_may_change_and_go() -> None:
    never: dict[str, Any] = {"Conditions": {"C": {"Fn::Equals": ["a", "b"]}}}
    old = stack({"Db": DATABASE | {"Condition": "C"}, "T": CLUSTER}, **never)
    another = changed(DATABASE, DBName="b") | {"Condition": "C"}
    assert not found(old, stack({"Db": another, "T": CLUSTER}, **never))
    assert not found(old, stack({"T": CLUSTER}))


def test_a_stack_that_is_no_longer_synthesized_is_one_finding() -> None:
    old = stack({"Db": DATABASE}, "gone") | stack({"Cluster": CLUSTER})
    assert impacts(old, stack({"Cluster": CLUSTER})) == {"gone": Impact.LEFT_BEHIND}
    without_data = stack({"Topic": resource("AWS::SNS::Topic")}, "gone")
    assert impacts(without_data, {}) == {}


# What loses its protection, or its value


@pytest.mark.parametrize("policy", ["DeletionPolicy", "UpdateReplacePolicy"])
@pytest.mark.parametrize("value", ["Retain", "RetainExceptOnCreate", "Snapshot"])
def test_a_policy_that_becomes_delete_is_found(policy: str, value: str) -> None:
    bucket = resource("AWS::S3::Bucket") | {policy: value}
    (finding,) = found(stack({"B": bucket}), stack({"B": bucket | {policy: "Delete"}}))
    assert (finding.impact, finding.changes[0].name) == (Impact.UNPROTECTED, policy)
    assert impacts(stack({"B": bucket}), stack({"B": resource("AWS::S3::Bucket")})) == {
        "app/B": Impact.UNPROTECTED
    }


def test_a_policy_that_becomes_stricter_passes() -> None:
    bucket = resource("AWS::S3::Bucket")
    assert not found(stack({"B": bucket}), stack({"B": bucket | {"DeletionPolicy": "Retain"}}))


def test_a_database_without_a_policy_leaves_a_snapshot() -> None:
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
def test_a_secret_that_is_generated_anew_is_found(
    before: Any, after: Any, impact: Impact | None
) -> None:
    old, new = (
        stack({"S": changed(resource("AWS::SecretsManager::Secret"), GenerateSecretString=value)})
        for value in (before, after)
    )
    assert impacts(old, new) == ({"app/S": impact} if impact else {})


# Which log groups count


def test_a_log_group_counts_when_it_is_deployed_to_be_kept() -> None:
    group = resource("AWS::Logs::LogGroup", LogGroupName="audit")
    kept = group | {"DeletionPolicy": "RetainExceptOnCreate"}
    assert impacts(stack({"L": kept, "T": CLUSTER}), stack({"T": CLUSTER})) == {
        "app/L": Impact.REMOVED
    }
    assert impacts(stack({"L": kept}), stack({"L": group})) == {"app/L": Impact.UNPROTECTED}
    assert not found(stack({"L": group, "T": CLUSTER}), stack({"T": CLUSTER}))


# Namespaces


def manifest(
    *objects: tuple[str, str], cluster: Any = "c", prune: bool = True, reference: bool = False
) -> Resource:
    """A manifest of objects given as (kind, name)."""
    text = json.dumps([{"kind": kind, "metadata": {"name": name}} for kind, name in objects])
    joined = {"Fn::Join": ["", [text[:-1], ',{"kind":"Job","n":', {"Ref": "Count"}, "}]"]]}
    properties = {"Manifest": joined if reference else text, "ClusterName": cluster}
    if prune:
        properties["PruneLabel"] = "aws.cdk.eks/prune-x"
    return resource("Custom::AWSCDK-EKS-KubernetesResource", **properties)


NAMESPACED = manifest(("Namespace", "app"), ("Role", "reader"))


def test_a_removed_manifest_with_a_namespace_is_found() -> None:
    assert impacts(stack({"M": NAMESPACED, "C": CLUSTER}), stack({"C": CLUSTER})) == {
        "app/M": Impact.REMOVED
    }


@pytest.mark.parametrize("reference", [False, True])
def test_a_namespace_that_is_pruned_out_of_its_manifest_is_found(reference: bool) -> None:
    old = manifest(("Namespace", "app"), ("Role", "reader"), reference=reference)
    new = manifest(("Namespace", "app2"), ("Role", "reader"), reference=reference)
    (finding,) = found(stack({"M": old}), stack({"M": new}))
    assert finding.impact == Impact.NAMESPACE_DELETED
    assert finding.changes[0].name == "Manifest/Namespace/app"


def test_without_prune_a_namespace_stays() -> None:
    old = manifest(("Namespace", "app"), prune=False)
    assert not found(stack({"M": old}), stack({"M": manifest(prune=False)}))


def test_a_namespace_in_another_cluster_is_found() -> None:
    clusters = {"One": CLUSTER, "Other": CLUSTER}
    old, new = (
        stack({**clusters, "M": manifest(("Namespace", "app"), cluster={"Ref": name})})
        for name in clusters
    )
    assert impacts(old, new) == {"app/M": Impact.REPLACED}


def test_the_namespaces_of_a_replaced_cluster_are_no_findings_of_their_own() -> None:
    old = {"M": manifest(("Namespace", "app"), cluster={"Ref": "C"}), "C": CLUSTER}
    new = old | {"C": changed(CLUSTER, Name="d")}
    assert impacts(stack(old), stack(new)) == {"app/C": Impact.REPLACED}


def test_a_manifest_without_a_namespace_may_go_and_an_object_may_change() -> None:
    assert not found(stack({"M": manifest(("Role", "reader"))}), stack({"C": CLUSTER}))
    new = manifest(("Namespace", "app"), ("Role", "writer"))
    assert not found(stack({"M": NAMESPACED}), stack({"M": new}))
