"""The check of properties, and its messages."""

from __future__ import annotations

from typing import Any

import pytest

from tools.embedded_aws.cloudformation.properties import PropertiesError, check_properties
from tools.templates.schemas import ResourceSchema, registry_schemas


def _schema(**more: object) -> ResourceSchema:
    properties = {
        "Port": {"type": "integer", "minimum": 1, "maximum": 65535},
        "On": {"type": "boolean"},
        "Name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "Mode": {"type": "string", "enum": ["a", "b"]},
        "Items": {"type": "array", "items": {"type": "string"}},
        "Map": {
            "type": "object",
            "patternProperties": {r"^[\p{L}]+$": {"type": "integer"}},
            "additionalProperties": False,
        },
        "Any": {"type": "object", "additionalProperties": {"type": "integer"}},
        "Inner": {"type": "object", "additionalProperties": False, "required": ["X"]},
        "Arn": {"type": "string"},
    }
    return ResourceSchema(
        {
            "typeName": "AWS::Test::Thing",
            "additionalProperties": False,
            "properties": properties,
            "readOnlyProperties": ["/properties/Arn"],
            "primaryIdentifier": ["/properties/Arn"],
            **more,
        }
    )


def _violations(schema: ResourceSchema, properties: dict[str, Any]) -> list[str]:
    with pytest.raises(PropertiesError) as refused:
        check_properties(schema, "Key", properties)
    head, _, found = str(refused.value).partition(" with message: ")
    assert head == "Properties validation failed for resource Key"
    return found.splitlines()


@pytest.mark.parametrize(
    ("properties", "violation"),
    [
        ({"Foo": 1}, "#: extraneous key [Foo] is not permitted"),
        ({"Port": "http"}, "#/Port: expected type: Integer, found: String"),
        ({"Port": 1.5}, "#/Port: expected type: Integer, found: Double"),
        ({"Port": True}, "#/Port: expected type: Integer, found: Boolean"),
        ({"Port": 0}, "#/Port: 0 is not greater or equal to 1"),
        ({"Port": "70000"}, "#/Port: 70000 is not less or equal to 65535"),
        ({"On": "perhaps"}, "#/On: expected type: Boolean, found: String"),
        ({"Name": "A"}, "#/Name: failed validation constraint for keyword [pattern]"),
        ({"Name": "abcdef"}, "#/Name: expected maxLength: 5, actual: 6"),
        ({"Name": ["a"]}, "#/Name: expected type: String, found: JSONArray"),
        ({"Mode": "c"}, "#/Mode: failed validation constraint for keyword [enum]"),
        ({"Items": "a"}, "#/Items: expected type: JSONArray, found: String"),
        ({"Items": ["a", {}]}, "#/Items/1: expected type: String, found: JSONObject"),
        ({"Map": {"größe": "x"}}, "#/Map/größe: expected type: Integer, found: String"),
        ({"Map": {"a1": 1}}, "#/Map: extraneous key [a1] is not permitted"),
        ({"Any": {"a": "x"}}, "#/Any/a: expected type: Integer, found: String"),
        ({"Inner": {}}, "#/Inner: required key [X] not found"),
        ({"Arn": "arn:x"}, "#: extraneous key [Arn] is not permitted (it is read-only)"),
    ],
)
def test_an_invalid_property_gets_the_message_of_cloudformation(
    properties: dict[str, Any], violation: str
) -> None:
    assert _violations(_schema(), properties) == [violation]


def test_a_missing_property_is_named() -> None:
    schema = _schema(required=["Port", "Name"])

    assert _violations(schema, {"Port": 1}) == ["#: required key [Name] not found"]


def test_each_violation_has_a_line() -> None:
    assert len(_violations(_schema(), {"Foo": 1, "Bar": 1, "Port": "x"})) == 3


@pytest.mark.parametrize(
    "properties",
    [
        {"Port": "80"},
        {"Port": 80.0},
        {"On": "true"},
        {"On": "False"},
        {"On": True},
        {"Mode": "a"},
        {"Items": [1, True, "x"]},
        {"Map": {"größe": 1}, "Any": {"a1": 1}},
    ],
)
def test_a_value_that_cloudformation_converts_is_accepted(properties: dict[str, Any]) -> None:
    check_properties(_schema(), "Key", properties)


def test_alternatives_are_counted() -> None:
    schema = _schema(oneOf=[{"required": ["Port"]}, {"required": ["Name"]}])

    assert _violations(schema, {}) == ["#: #: 0 subschemas matched instead of one out of 2"]
    assert _violations(schema, {"Port": 1, "Name": "a"}) == [
        "#: #: more than 1 subschemas matched instead of one out of 2"
    ]


def test_patterns_with_unicode_classes_are_supported() -> None:
    tag = {"Key": "Größe", "Value": "x"}
    schema = registry_schemas().get("AWS::SecretsManager::Secret", "us-east-1")
    assert schema

    check_properties(schema, "Key", {"Tags": [tag]})


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("AWS::EC2::NatGateway", {"SubnetId": "subnet-1", "AllocationId": "eipalloc-1"}),
        ("AWS::EKS::Addon", {"ClusterName": "c", "AddonName": "vpc-cni"}),
        ("AWS::SNS::Topic", {"DisplayName": "x"}),
    ],
)
def test_valid_properties_of_real_types_pass(
    resource_type: str, properties: dict[str, Any]
) -> None:
    schema = registry_schemas().get(resource_type, "us-east-1")
    assert schema

    check_properties(schema, "Key", properties)
