"""The function that rotates the AUTH token of Redis: its triggers, its permissions and its code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from spywatcher_constructs.function_code import function_code
from tests.stacks.data.resources import find_secret
from tests.stacks.data.variants import synthesize_with
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

RULE = "AWS::Events::Rule"


def token_id(stage: SynthesizedStage) -> str:
    """Return the logical id of the secret."""
    logical_id, _ = find_secret(stage, "cache/token")
    return logical_id


def function(stage: SynthesizedStage) -> tuple[str, dict[str, Any]]:
    """Return the logical id and the properties of the function."""
    (found,) = (
        (logical_id, resource["Properties"])
        for logical_id, resource in stage.resources("data", "AWS::Lambda::Function").items()
        if "redis_rotation" in resource["Properties"].get("Handler", "")
    )
    return found


def role_id(stage: SynthesizedStage) -> str:
    """Return the logical id of the function's role."""
    logical_id: str = function(stage)[1]["Role"]["Fn::GetAtt"][0]
    return logical_id


def statements(stage: SynthesizedStage) -> list[dict[str, Any]]:
    """Return the statements of the policy of the function's role."""
    (policy,) = (
        resource["Properties"]
        for resource in stage.resources("data", "AWS::IAM::Policy").values()
        if resource["Properties"]["Roles"] == [{"Ref": role_id(stage)}]
    )
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def statements_by_sid(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in statements(stage) if "Sid" in statement}


def test_the_previous_token_is_removed_a_day_after_its_rotation(stage: SynthesizedStage) -> None:
    rule = stage.only("data", RULE)
    assert rule["ScheduleExpression"] == "cron(0 8 * * ? *)"
    function_id, _ = function(stage)
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [function_id, "Arn"]}
    assert json.loads(target["Input"]) == {"Step": "retirePrevious", "OverlapHours": 24}


def test_the_removal_follows_the_rotation_when_the_maintenance_window_moves(
    staging: SynthesizedStage,
) -> None:
    moved = synthesize_with(staging, maintenance={"weekly_window": "sat:22:30-sun:00:00"})
    assert moved.only("data", RULE)["ScheduleExpression"] == "cron(0 4 * * ? *)"


def test_only_secrets_manager_and_the_daily_rule_may_invoke_the_function(
    stage: SynthesizedStage,
) -> None:
    permissions = [
        resource["Properties"]
        for resource in stage.resources("data", "AWS::Lambda::Permission").values()
        if resource["Properties"]["FunctionName"]["Fn::GetAtt"][0] == function(stage)[0]
    ]
    (rule_id,) = stage.resources("data", RULE)
    sources = {permission["Principal"]: permission["SourceArn"] for permission in permissions}
    assert len(permissions) == 2
    assert sources == {
        "secretsmanager.amazonaws.com": {"Ref": token_id(stage)},
        "events.amazonaws.com": {"Fn::GetAtt": [rule_id, "Arn"]},
    }


def test_the_function_may_change_only_its_secret_and_its_replication_group(
    stage: SynthesizedStage,
) -> None:
    allowed = statements_by_sid(stage)
    assert allowed["Secret"]["Resource"] == {"Ref": token_id(stage)}
    name = stage.settings.resource_name()
    assert as_text(allowed["Tokens"]["Resource"]).endswith(f":replicationgroup:{name}")
    assert "KeysSecrets" in as_text(allowed["Key"]["Resource"])
    assert list(allowed["Key"]["Condition"]["StringEquals"]) == ["kms:ViaService"]


def test_the_code_of_the_function_may_not_manage_network_interfaces(
    stage: SynthesizedStage,
) -> None:
    """Lambda manages them with the role of the function."""
    by_sid = statements_by_sid(stage)
    allowed, denied = by_sid["Address"], by_sid["AddressByLambdaAlone"]
    assert denied["Effect"] == "Deny"
    assert denied["Action"] == allowed["Action"]
    assert all(action.startswith("ec2:") for action in allowed["Action"])
    arn = as_text(denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"])
    assert arn.endswith(f":function:{function(stage)[1]['FunctionName']}")


def test_the_function_has_no_other_permission_on_all_resources(stage: SynthesizedStage) -> None:
    on_all_resources = [
        statement["Sid"] for statement in statements(stage) if statement["Resource"] == "*"
    ]
    assert on_all_resources == ["Address", "AddressByLambdaAlone"]
    role = stage.resources("data", "AWS::IAM::Role")[role_id(stage)]
    assert "ManagedPolicyArns" not in role["Properties"]


def test_the_function_has_the_private_subnets_and_the_security_group_of_rotations(
    stage: SynthesizedStage,
) -> None:
    vpc = function(stage)[1]["VpcConfig"]
    assert all("privateSubnet" in as_text(subnet) for subnet in vpc["SubnetIds"])
    (security_group,) = vpc["SecurityGroupIds"]
    assert "RotationGroup" in as_text(security_group)


def test_the_function_has_the_longest_timeout_that_lambda_offers(stage: SynthesizedStage) -> None:
    assert function(stage)[1]["Timeout"] == 15 * 60


def test_the_uploaded_folder_runs_without_any_package_of_this_repository(
    stage: SynthesizedStage, tmp_path: Path
) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "stack")
    handler = function(stage)[1]["Handler"]
    lambda_.Function(
        stack,
        "Function",
        code=function_code(["secret_rotation", "redis_rotation"]),
        handler=handler,
        runtime=lambda_.Runtime.PYTHON_3_14,
    )
    app.synth()
    (asset,) = (path for path in tmp_path.glob("asset.*") if path.is_dir())
    files = {str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()}
    assert all(file.startswith("functions/") and file.endswith(".py") for file in files)
    module, _, attribute = handler.rpartition(".")
    program = f"import sys; sys.path.insert(0, {str(asset)!r}); import {module} as m; m.{attribute}"
    result = subprocess.run(  # noqa: S603  a program of this test
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
