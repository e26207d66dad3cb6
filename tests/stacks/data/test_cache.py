"""Redis, by the sentences of INFRASTRUCTURE.md that concern it, and what they leave open."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from settings import StageSettings
from spywatcher_constructs import redis_token_rotation
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text

GROUP = "AWS::ElastiCache::ReplicationGroup"
FUNCTION = "AWS::Lambda::Function"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a type
ROTATION = "AWS::SecretsManager::RotationSchedule"


def changed(settings: StageSettings, **sections: dict[str, Any]) -> SynthesizedStage:
    """Return the stage with other settings in these sections."""
    given = settings.model_dump()
    merged = {key: {**given[key], **section} for key, section in sections.items()}
    return synthesize(StageSettings.model_validate({**given, **merged}))


def token(stage: SynthesizedStage) -> tuple[str, dict[str, Any]]:
    """Return the logical id and the resource of the token's secret."""
    (found,) = (
        (key, each)
        for key, each in stage.resources("data", SECRET).items()
        if each["Properties"]["Name"].endswith("/cache/token")
    )
    return found


def rotation(stage: SynthesizedStage) -> dict[str, Any]:
    key, _ = token(stage)
    (found,) = (
        each["Properties"]
        for each in stage.resources("data", ROTATION).values()
        if each["Properties"]["SecretId"] == {"Ref": key}
    )
    properties: dict[str, Any] = found
    return properties


def function(stage: SynthesizedStage) -> tuple[str, dict[str, Any]]:
    ((key, found),) = stage.resources("data", FUNCTION).items()
    return key, found["Properties"]


def statements(stage: SynthesizedStage) -> list[dict[str, Any]]:
    """Return what the function may do."""
    _, made = function(stage)
    role = made["Role"]["Fn::GetAtt"][0]
    (policy,) = (
        each["Properties"]
        for each in stage.resources("data", "AWS::IAM::Policy").values()
        if each["Properties"]["Roles"] == [{"Ref": role}]
    )
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


# Data Storage


def test_elasticache_redis_7_0(stage: SynthesizedStage) -> None:
    group = stage.only("data", GROUP)
    assert (group["Engine"], group["EngineVersion"]) == ("redis", "7.0")


def test_the_parameter_family_is_the_engines(stage: SynthesizedStage) -> None:
    parameters = stage.only("data", "AWS::ElastiCache::ParameterGroup")
    assert parameters["CacheParameterGroupFamily"] == "redis7"
    group = stage.only("data", GROUP)
    (key,) = stage.resources("data", "AWS::ElastiCache::ParameterGroup")
    assert group["CacheParameterGroupName"] == {"Ref": key}


def test_the_least_used_keys_give_way_and_idle_clients_are_dropped(stage: SynthesizedStage) -> None:
    parameters = stage.only("data", "AWS::ElastiCache::ParameterGroup")
    assert parameters["Properties"] == {"maxmemory-policy": "allkeys-lru", "timeout": "300"}


def test_authentication_token(stage: SynthesizedStage) -> None:
    key, secret = token(stage)
    reference = stage.only("data", GROUP)["AuthToken"]
    assert as_text(reference) == f"{{{{resolve:secretsmanager:${{{key}}}:SecretString:::}}}}"
    generator = secret["Properties"]["GenerateSecretString"]
    assert generator == {"ExcludePunctuation": True, "PasswordLength": 64}


def test_encryption_in_transit(stage: SynthesizedStage) -> None:
    group = stage.only("data", GROUP)
    assert group["TransitEncryptionEnabled"] is True
    assert group["TransitEncryptionMode"] == "required"


def test_encryption_at_rest_with_the_projects_key(stage: SynthesizedStage) -> None:
    group = stage.only("data", GROUP)
    assert group["AtRestEncryptionEnabled"] is True
    assert re.search("KeysCache", as_text(group["KmsKeyId"]))


def test_automatic_failover_over_zones_in_production(production: SynthesizedStage) -> None:
    group = production.only("data", GROUP)
    assert group["NumCacheClusters"] == 2
    assert group["AutomaticFailoverEnabled"] is True
    assert group["MultiAZEnabled"] is True


def test_one_node_in_staging_which_nothing_can_fail_over_to(staging: SynthesizedStage) -> None:
    group = staging.only("data", GROUP)
    assert group["NumCacheClusters"] == 1
    assert group["AutomaticFailoverEnabled"] is False
    assert group["MultiAZEnabled"] is False


def test_a_replica_brings_failover_to_any_stage(staging: SynthesizedStage) -> None:
    group = changed(staging.settings, cache={"nodes": 2}).only("data", GROUP)
    assert group["AutomaticFailoverEnabled"] is True
    assert group["MultiAZEnabled"] is True


def test_nodes_live_in_the_database_subnets_and_their_own_group(stage: SynthesizedStage) -> None:
    subnets = stage.only("data", "AWS::ElastiCache::SubnetGroup")["SubnetIds"]
    assert len(subnets) == 3
    assert all("databaseSubnet" in as_text(subnet) for subnet in subnets)
    (group,) = stage.only("data", GROUP)["SecurityGroupIds"]
    assert "CacheGroup" in as_text(group)


def test_slow_and_engine_logs_are_kept_encrypted_for_a_month(stage: SynthesizedStage) -> None:
    deliveries = stage.only("data", GROUP)["LogDeliveryConfigurations"]
    groups = stage.resources("data", "AWS::Logs::LogGroup")
    kept = {
        delivery["LogType"]: groups[
            delivery["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"]["Ref"]
        ]["Properties"]
        for delivery in deliveries
    }
    assert set(kept) == {"slow-log", "engine-log"}
    for properties in kept.values():
        assert properties["RetentionInDays"] == 30
        assert "KeysLogs" in as_text(properties["KmsKeyId"])


# Backups, maintenance


def test_snapshots_are_kept_five_days(stage: SynthesizedStage) -> None:
    assert stage.only("data", GROUP)["SnapshotRetentionLimit"] == 5


def test_maintenance_is_on_sundays_and_snapshots_are_taken_outside(stage: SynthesizedStage) -> None:
    group = stage.only("data", GROUP)
    assert group["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"
    assert group["SnapshotWindow"] == "00:30-01:30"


def test_a_protected_stage_keeps_redis_and_its_token(production: SynthesizedStage) -> None:
    ((_, group),) = production.resources("data", GROUP).items()
    for resource in (group, token(production)[1]):
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


# Rotation


def test_the_token_is_rotated_weekly_after_the_databases_passwords(stage: SynthesizedStage) -> None:
    rules = rotation(stage)["RotationRules"]
    assert rules == {"ScheduleExpression": "cron(0 4 ? * SUN *)", "Duration": "1h"}
    others = [
        each["Properties"]["RotationRules"]["ScheduleExpression"]
        for each in stage.resources("data", ROTATION).values()
    ]
    assert len(others) == len(set(others)) == 3


def test_the_rotation_follows_the_maintenance_window(staging: SynthesizedStage) -> None:
    window = {"weekly_window": "sat:22:30-sun:00:00"}
    moved = changed(staging.settings, maintenance=window)
    assert rotation(moved)["RotationRules"]["ScheduleExpression"] == "cron(0 1 ? * SUN *)"
    (rule,) = moved.resources("data", "AWS::Events::Rule").values()
    assert rule["Properties"]["ScheduleExpression"] == "cron(0 3 * * ? *)"


def test_a_deployment_rotates_nothing(stage: SynthesizedStage) -> None:
    assert rotation(stage)["RotateImmediatelyOnUpdate"] is False


def test_an_old_token_is_ended_a_day_after_it_was_replaced(stage: SynthesizedStage) -> None:
    (rule,) = (each["Properties"] for each in stage.resources("data", "AWS::Events::Rule").values())
    assert rule["ScheduleExpression"] == "cron(0 6 * * ? *)"
    key, _ = function(stage)
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [key, "Arn"]}
    assert json.loads(target["Input"]) == {"Step": "retirePrevious", "OverlapHours": 24}


def test_secrets_manager_and_the_daily_rule_alone_may_call_it(stage: SynthesizedStage) -> None:
    permissions = {
        each["Properties"]["Principal"]: each["Properties"]
        for each in stage.resources("data", "AWS::Lambda::Permission").values()
    }
    assert set(permissions) == {"secretsmanager.amazonaws.com", "events.amazonaws.com"}
    (rule,) = stage.resources("data", "AWS::Events::Rule")
    sources = {name: each["SourceArn"] for name, each in permissions.items()}
    assert sources["secretsmanager.amazonaws.com"] == {"Ref": token(stage)[0]}
    assert sources["events.amazonaws.com"] == {"Fn::GetAtt": [rule, "Arn"]}


def test_the_function_may_change_this_secret_and_this_group_alone(stage: SynthesizedStage) -> None:
    found = {each["Sid"]: each for each in statements(stage) if "Sid" in each}
    assert found["Secret"]["Resource"] == {"Ref": token(stage)[0]}
    name = stage.settings.resource_name()
    assert as_text(found["Tokens"]["Resource"]).endswith(f":replicationgroup:{name}")
    assert "KeysSecrets" in as_text(found["Key"]["Resource"])
    assert list(found["Key"]["Condition"]["StringEquals"]) == ["kms:ViaService"]


def test_the_function_itself_may_not_use_what_lambda_gives_it_an_address_with(
    stage: SynthesizedStage,
) -> None:
    found = {each["Sid"]: each for each in statements(stage) if "Sid" in each}
    allowed, denied = found["Address"], found["AddressByLambdaAlone"]
    assert denied["Effect"] == "Deny"
    assert denied["Action"] == allowed["Action"]
    assert all(action.startswith("ec2:") for action in allowed["Action"])
    arn = as_text(denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"])
    assert arn.endswith(f":function:{function(stage)[1]['FunctionName']}")


def test_nothing_else_is_allowed_to_the_function(stage: SynthesizedStage) -> None:
    wide = [each["Sid"] for each in statements(stage) if each["Resource"] == "*"]
    assert wide == ["Address", "AddressByLambdaAlone"]
    role = stage.resources("data", "AWS::IAM::Role")[function(stage)[1]["Role"]["Fn::GetAtt"][0]]
    assert "ManagedPolicyArns" not in role["Properties"]


def test_the_function_lives_in_private_subnets_with_the_rotations_group(
    stage: SynthesizedStage,
) -> None:
    place = function(stage)[1]["VpcConfig"]
    assert all("privateSubnet" in as_text(subnet) for subnet in place["SubnetIds"])
    (group,) = place["SecurityGroupIds"]
    assert "RotationGroup" in as_text(group)


def test_the_function_has_all_the_time_that_lambda_gives(stage: SynthesizedStage) -> None:
    assert function(stage)[1]["Timeout"] == 15 * 60


def test_the_uploaded_folder_runs_as_lambda_runs_it(
    stage: SynthesizedStage, tmp_path: Path
) -> None:
    """With nothing but the folder: no package of this repository."""
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    stack = cdk.Stack(app, "stack")
    name = function(stage)[1]["Handler"]
    lambda_.Function(
        stack,
        "Function",
        code=redis_token_rotation._code(),
        handler=name,
        runtime=lambda_.Runtime.PYTHON_3_14,
    )
    app.synth()
    (asset,) = (each for each in tmp_path.glob("asset.*") if each.is_dir())
    files = {str(each.relative_to(asset)) for each in asset.rglob("*") if each.is_file()}
    assert all(file.startswith("redis_rotation/") and file.endswith(".py") for file in files)
    module, _, attribute = name.rpartition(".")
    program = f"import sys; sys.path.insert(0, {str(asset)!r}); import {module} as m; m.{attribute}"
    done = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
