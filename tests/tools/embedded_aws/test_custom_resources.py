"""Custom resources with a function that runs, and with one that cannot run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.tools.embedded_aws.conftest import Stack
from tools.embedded_aws.cloudformation import custom_resources

CODE = """
import json, urllib.request
def handler(event, context):
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "answered", "Data": {"Word": "yes"}}
    request = urllib.request.Request(
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request)
"""
ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                }
            ],
        }
    },
}
PYTHON_FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": CODE},
    },
}
NODE_FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": PYTHON_FUNCTION["Properties"]
    | {"Runtime": "nodejs22.x", "Code": {"ZipFile": "exports.handler = () => {}"}},
}


def _custom(kind: str, **properties: object) -> dict[str, Any]:
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    return {"Type": f"Custom::{kind}", "Properties": {"ServiceToken": token, **properties}}


def test_a_python_function_answers_for_its_custom_resource(stack: Stack) -> None:
    resources = {"Role": ROLE, "Function": PYTHON_FUNCTION, "Asked": _custom("Question")}

    status = stack.deploy(resources, {"Word": {"Fn::GetAtt": ["Asked", "Word"]}})

    assert status == "CREATE_COMPLETE"
    assert stack.outputs() == {"Word": "yes"}
    assert stack.physical_ids()["Asked"] == "answered"


def test_a_node_function_is_not_run_and_the_listing_says_so(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    status = stack.deploy({"Role": ROLE, "Function": NODE_FUNCTION, "Asked": _custom("Question")})

    assert status == "CREATE_COMPLETE"
    [entry] = [
        entry
        for entry in json.loads(local_api(f"resources?stack={stack.name}"))
        if entry["logical_id"] == "Asked"
    ]
    assert entry["fidelity"] == "recorded"
    assert entry["note"] == "its Lambda function (nodejs22.x) is not run: it needs Docker"


def test_a_function_that_never_answers_is_not_waited_for_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(custom_resources, "_runtime", lambda _properties: "python3.12")

    def invoke(
        _request: str, _logical_id: str, properties: dict[str, Any], *_: Any, **__: Any
    ) -> Any:
        asked.append(properties)
        return "id", {}

    answer = custom_resources._answering(invoke)
    for properties in ({}, {"ServiceTimeout": 60}):
        answer("Create", "L", properties, "stack", "stack-id", "Custom::Question")

    assert [properties["ServiceTimeout"] for properties in asked] == [10, 60]


def test_a_missing_function_fails_the_custom_resource(stack: Stack) -> None:
    token = "arn:aws:lambda:us-east-1:000000000000:function:nobody"  # noqa: S105
    asked = {"Type": "Custom::Question", "Properties": {"ServiceToken": token}}

    assert stack.deploy({"Asked": asked}) == "ROLLBACK_COMPLETE"
    assert "nobody' not found" in stack.failures()["Asked"]


def test_auto_delete_empties_the_bucket_before_it_goes(
    stack: Stack, aws: Callable[[str], Any]
) -> None:
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
    }
    emptier = _custom("S3AutoDeleteObjects", BucketName={"Ref": "Bucket"})
    stack.deploy({"Role": ROLE, "Function": NODE_FUNCTION, "Bucket": bucket, "Emptier": emptier})
    name = stack.physical_ids()["Bucket"]
    aws("s3").put_object(Bucket=name, Key="k", Body=b"x")
    aws("s3").put_object(Bucket=name, Key="k", Body=b"y")

    stack.delete()

    with pytest.raises(ClientError, match="404"):
        aws("s3").head_bucket(Bucket=name)


def test_a_bucket_that_is_not_empty_is_not_deleted(stack: Stack, aws: Callable[[str], Any]) -> None:
    stack.deploy({"Bucket": {"Type": "AWS::S3::Bucket"}})
    name = stack.physical_ids()["Bucket"]
    aws("s3").put_object(Bucket=name, Key="k", Body=b"x")

    assert stack.delete() == "DELETE_FAILED"
    assert "is not empty" in stack.failures()["Bucket"]

    aws("s3").delete_object(Bucket=name, Key="k")
