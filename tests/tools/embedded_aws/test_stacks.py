"""What CloudFormation refuses, replaces and rolls back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.tools.embedded_aws.conftest import Stack

TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic"}
EIP: dict[str, Any] = {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}}


def _flow_log(**properties: object) -> dict[str, Any]:
    given = {"ResourceId": "vpc-1", "ResourceType": "VPC", "LogDestinationType": "s3"}
    return {"Type": "AWS::EC2::FlowLog", "Properties": given | properties}


def _trail(name: str | None = None, **properties: object) -> dict[str, Any]:
    named = {"TrailName": name} if name else {}
    given = {"IsLogging": True, "S3BucketName": "logs"}
    return {"Type": "AWS::CloudTrail::Trail", "Properties": given | named | properties}


def _vpc(**properties: object) -> dict[str, Any]:
    return {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"} | properties}


# Refusals ---------------------------------------------------------------------------------


def test_an_unknown_property_fails_with_cloudformations_message(stack: Stack) -> None:
    status = stack.deploy({"Key": _flow_log(Foo="x")})

    assert status == "ROLLBACK_COMPLETE"
    assert stack.failures()["Key"] == (
        "Properties validation failed for resource Key with message: "
        "#: extraneous key [Foo] is not permitted"
    )


def test_a_property_of_an_emulated_type_is_checked_too(stack: Stack) -> None:
    assert stack.deploy({"Network": _vpc(EnableDns=True)}) == "ROLLBACK_COMPLETE"
    assert "extraneous key [EnableDns]" in stack.failures()["Network"]


def test_the_tags_that_cloudformation_adds_are_not_checked(stack: Stack) -> None:
    profile = {"PlatformId": "AWSLambda-SHA384-ECDSA"}
    signer = {"Type": "AWS::Signer::SigningProfile", "Properties": profile}

    assert stack.deploy({"Signer": signer}) == "CREATE_COMPLETE"


def test_an_invalid_update_fails_and_leaves_the_resource_unchanged(stack: Stack) -> None:
    stack.deploy({"Trail": _trail()})
    before = stack.physical_ids()

    status = stack.deploy({"Trail": _trail(EnableLogFileValidation="perhaps")})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "#/EnableLogFileValidation: expected type: Boolean" in stack.failures()["Trail"]
    assert stack.physical_ids() == before


def test_a_failed_creation_rolls_back_what_was_created_before_it(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    later = _flow_log(Foo="x") | {"DependsOn": ["Address", "Topic"]}

    status = stack.deploy({"Address": EIP, "Topic": TOPIC, "Later": later})

    assert status == "ROLLBACK_COMPLETE"
    gone = {logical_id for logical_id, status, _ in stack.events() if status == "DELETE_COMPLETE"}
    assert gone == {"Address", "Topic"}
    assert json.loads(local_api(f"resources?stack={stack.name}")) == []


def test_an_unknown_type_is_refused_before_anything_is_created(stack: Stack) -> None:
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::No::Such\]"):
        stack.deploy({"Nothing": {"Type": "AWS::No::Such"}})


def test_an_attribute_that_the_type_does_not_have_fails(stack: Stack) -> None:
    assert stack.deploy({"Address": EIP}, {"X": {"Fn::GetAtt": ["Address", "Nope"]}}) == (
        "ROLLBACK_COMPLETE"
    )


# Replacement ------------------------------------------------------------------------------


def test_a_changed_create_only_property_replaces_the_resource(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    stack.deploy({"Log": _flow_log(TrafficType="ALL")})
    before = stack.physical_ids()["Log"]

    status = stack.deploy({"Log": _flow_log(TrafficType="REJECT")})

    assert status == "UPDATE_COMPLETE"
    assert stack.physical_ids()["Log"] != before
    assert before not in local_api("resources")


def test_a_changed_nested_create_only_property_replaces_the_resource(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    stack.deploy({"Budget": _budget("first")})

    assert stack.deploy({"Budget": _budget("second")}) == "UPDATE_COMPLETE"

    assert stack.physical_ids() == {"Budget": "second"}
    assert stack.deploy({"Budget": _budget("second"), "Former": _budget("first")}) == (
        "UPDATE_COMPLETE"
    )


def test_another_property_is_changed_in_place(stack: Stack) -> None:
    stack.deploy({"Trail": _trail(IsLogging=True)})
    before = stack.physical_ids()

    assert stack.deploy({"Trail": _trail(IsLogging=False)}) == "UPDATE_COMPLETE"
    assert stack.physical_ids() == before


def test_a_named_resource_is_not_replaced(stack: Stack) -> None:
    stack.deploy({"Addon": _addon("same", Namespace="a")})

    status = stack.deploy({"Addon": _addon("same", Namespace="b")})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.failures()["Addon"].startswith(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing."
    )


def test_a_renamed_resource_is_replaced(stack: Stack) -> None:
    stack.deploy({"Trail": _trail("first")})

    assert stack.deploy({"Trail": _trail("second")}) == "UPDATE_COMPLETE"
    assert stack.physical_ids() == {"Trail": "second"}


def test_a_name_in_use_fails(stack: Stack) -> None:
    status = stack.deploy({"One": _trail("taken"), "Two": _trail("taken")})

    assert status == "ROLLBACK_COMPLETE"
    assert "with identifier 'taken' already exists" in "".join(stack.failures().values())


def test_a_second_detector_in_the_account_fails(stack: Stack) -> None:
    detector = {"Type": "AWS::GuardDuty::Detector", "Properties": {"Enable": True}}

    assert stack.deploy({"One": detector, "Two": detector}) == "ROLLBACK_COMPLETE"
    assert (
        "has a AWS::GuardDuty::Detector in us-east-1 already (One of" in (stack.failures()["Two"])
    )


def test_a_failed_update_keeps_the_resource_that_it_would_have_replaced(stack: Stack) -> None:
    stack.deploy({"Log": _flow_log(TrafficType="ALL"), "Trail": _trail()})
    before = stack.physical_ids()
    wrong = _trail(Foo="x") | {"DependsOn": "Log"}

    status = stack.deploy({"Log": _flow_log(TrafficType="REJECT"), "Trail": wrong})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.physical_ids() == before


def test_a_change_set_says_that_a_recorded_resource_is_replaced(stack: Stack) -> None:
    stack.deploy({"Log": _flow_log(TrafficType="ALL")})
    template = {"Resources": {"Log": _flow_log(TrafficType="REJECT")}}
    names = {"StackName": stack.name, "ChangeSetName": "replace"}
    stack.cloudformation.create_change_set(**names, TemplateBody=json.dumps(template))

    [change] = stack.cloudformation.describe_change_set(**names)["Changes"]

    assert change["ResourceChange"]["Replacement"] == "True"


def test_an_update_reports_only_the_resources_that_it_changes(stack: Stack) -> None:
    stack.deploy({"Trail": _trail(IsLogging=True), "Topic": TOPIC})
    so_far = len(stack.events())

    stack.deploy({"Trail": _trail(IsLogging=False), "Topic": TOPIC})

    assert {logical_id for logical_id, *_ in stack.events()[so_far:]} == {stack.name, "Trail"}


# Deletion ---------------------------------------------------------------------------------


def test_deleting_the_stack_removes_the_records(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    stack.deploy({"Trail": _trail("short-lived"), "Address": EIP})

    stack.delete()

    assert json.loads(local_api(f"resources?stack={stack.name}")) == []
    assert stack.deploy({"Trail": _trail("short-lived")}) == "CREATE_COMPLETE"


def test_an_export_in_use_cannot_be_removed(stack: Stack, aws: Callable[[str], Any]) -> None:
    export = {"Outputs": {"O": {"Value": "v", "Export": {"Name": "in-use"}}}}
    stack.deploy_template({"Resources": {"Topic": TOPIC}} | export)
    importer = Stack(f"{stack.name}-importer", aws("cloudformation"))
    importer.deploy({"T": TOPIC}, {"I": {"Fn::ImportValue": "in-use"}})

    status = stack.deploy({"Topic": TOPIC, "Another": TOPIC})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Export in-use cannot be deleted as it is in use by {importer.name}" in [
        reason for _, _, reason in stack.events()
    ]
    importer.delete()


# Attributes -------------------------------------------------------------------------------


def test_attributes_of_recorded_resources_have_the_formats_of_aws(stack: Stack) -> None:
    outputs = {
        "Allocation": {"Fn::GetAtt": ["Address", "AllocationId"]},
        "Address": {"Ref": "Address"},
        "Log": {"Ref": "Log"},
        "Trail": {"Fn::GetAtt": ["Trail", "Arn"]},
    }
    resources = {"Address": EIP, "Log": _flow_log(), "Trail": _trail("audit")}

    stack.deploy(resources, outputs)

    made = stack.outputs()
    assert re.fullmatch(r"eipalloc-[0-9a-f]{17}", made["Allocation"])
    assert re.fullmatch(r"198\.1[89]\.\d+\.\d+", made["Address"])
    assert re.fullmatch(r"fl-[0-9a-f]{17}", made["Log"])
    assert made["Trail"] == "arn:aws:cloudtrail:us-east-1:000000000000:trail/audit"


def test_attributes_that_the_emulator_lacks_are_added(stack: Stack) -> None:
    outputs = {
        "Cidr": {"Fn::GetAtt": ["Network", "CidrBlock"]},
        "Acl": {"Fn::GetAtt": ["Network", "DefaultNetworkAcl"]},
    }

    assert stack.deploy({"Network": _vpc()}, outputs) == "CREATE_COMPLETE"
    assert stack.outputs()["Cidr"] == "10.9.0.0/16"
    assert stack.outputs()["Acl"].startswith("acl-")


def test_attributes_stay_the_same_over_an_update(stack: Stack) -> None:
    outputs = {"Allocation": {"Fn::GetAtt": ["Address", "AllocationId"]}}
    stack.deploy({"Address": EIP}, outputs)
    before = stack.outputs()
    tagged = {"Tags": [{"Key": "a", "Value": "b"}]}

    stack.deploy({"Address": EIP | {"Properties": EIP["Properties"] | tagged}}, outputs)

    assert stack.outputs() == before


# Unsupported properties -------------------------------------------------------------------


def test_an_alarm_on_metric_math_is_emulated_with_a_note(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    assert stack.deploy({"Alarm": _math_alarm()}, {"Arn": {"Fn::GetAtt": ["Alarm", "Arn"]}}) == (
        "CREATE_COMPLETE"
    )

    [entry] = json.loads(local_api(f"resources?stack={stack.name}"))
    assert entry["fidelity"] == "emulated"
    assert entry["note"] == "metric math is not evaluated; SetAlarmState sets the state"
    assert stack.outputs()["Arn"].startswith("arn:aws:cloudwatch:us-east-1:000000000000:alarm:")


def test_an_alarm_may_change_between_a_metric_and_metric_math(
    stack: Stack, aws: Callable[[str], Any]
) -> None:
    def emulated() -> int:
        alarms = aws("cloudwatch").describe_alarms(AlarmNamePrefix=stack.name)
        return len(alarms["MetricAlarms"])

    stack.deploy({"Alarm": _alarm(Namespace="N", MetricName="M", Period=60, Statistic="Sum")})
    assert emulated() == 1

    wrong = _trail(Foo="x") | {"DependsOn": "Alarm"}
    status = stack.deploy({"Alarm": _math_alarm(), "Trail": wrong})
    assert (status, emulated()) == ("UPDATE_ROLLBACK_COMPLETE", 1)

    status = stack.deploy({"Alarm": _math_alarm()})
    assert (status, emulated()) == ("UPDATE_COMPLETE", 1)


# Hosted zones -----------------------------------------------------------------------------


def test_a_record_can_belong_to_a_zone_that_no_stack_creates(
    stack: Stack, aws: Callable[[str], Any]
) -> None:
    record = {
        "HostedZoneId": "Z0123456789IMPORTED",
        "Name": "app.example.com",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": ["192.0.2.1"],
    }
    resources = {"Record": {"Type": "AWS::Route53::RecordSet", "Properties": record}}

    assert stack.deploy(resources) == "CREATE_COMPLETE"

    zone = aws("route53").get_hosted_zone(Id="Z0123456789IMPORTED")["HostedZone"]
    assert zone["Name"] == "example.com."


# Conditions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, True),
        ({"Fn::Equals": ["", {"Fn::Join": ["", {"Ref": "List"}]}]}, True),
        ({"Fn::Not": [{"Fn::Equals": ["", {"Fn::Join": ["", {"Ref": "List"}]}]}]}, False),
        ({"Fn::Or": [{"Condition": "Never"}, {"Fn::Equals": ["a", "b"]}]}, False),
    ],
)
def test_a_condition_may_use_pseudo_parameters_and_functions(
    stack: Stack, condition: dict[str, Any], holds: bool
) -> None:
    stack.deploy_template(
        {
            "Parameters": {"List": {"Type": "CommaDelimitedList", "Default": ""}},
            "Conditions": {"It": condition, "Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {"Topic": TOPIC, "Sometimes": TOPIC | {"Condition": "It"}},
        }
    )

    assert ("Sometimes" in stack.physical_ids()) is holds


def _alarm(**metric: object) -> dict[str, Any]:
    comparison = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": comparison | {"EvaluationPeriods": 1} | metric,
    }


def _math_alarm() -> dict[str, Any]:
    metric = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    part = {"Id": "part", "MetricStat": metric, "ReturnData": False}
    return _alarm(Metrics=[part, {"Id": "whole", "Expression": "part * 2"}])


def _budget(name: str) -> dict[str, Any]:
    budget = {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    return {"Type": "AWS::Budgets::Budget", "Properties": {"Budget": budget}}


def _addon(name: str, **namespace: str) -> dict[str, Any]:
    properties = {"ClusterName": "c", "AddonName": name, "NamespaceConfig": namespace}
    return {"Type": "AWS::EKS::Addon", "Properties": properties}
