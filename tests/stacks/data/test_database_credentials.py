"""The secrets of PostgreSQL and their rotation, as INFRASTRUCTURE.md describes them."""

import json

import pytest

from k8s.database_bootstrap import root_certificate
from tests.stacks.data.resources import (
    DB_INSTANCE,
    SECRET,
    find_rotation,
    find_rotation_function,
    find_secret,
)
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text

both_secrets = pytest.mark.parametrize("name", ["database/admin", "database/application"])


@both_secrets
def test_credentials_are_generated_and_stored_in_secrets_manager(
    stage: SynthesizedStage, name: str
) -> None:
    secret = find_secret(stage, name)[1]["Properties"]
    assert secret["Name"] == f"{stage.settings.resource_name()}/{name}"
    assert "KeysSecrets" in json.dumps(secret["KmsKeyId"])
    generator = secret["GenerateSecretString"]
    assert (generator["GenerateStringKey"], generator["PasswordLength"]) == ("password", 32)
    assert set('/"@ ') <= set(generator["ExcludeCharacters"])


def test_the_secret_of_the_application_refers_to_the_secret_of_the_administrator(
    stage: SynthesizedStage,
) -> None:
    admin_id, admin = find_secret(stage, "database/admin")
    generator = admin["Properties"]["GenerateSecretString"]
    template = json.loads(as_text(generator["SecretStringTemplate"]))
    assert template == {"username": "spywatcher_admin", "dbname": "spywatcher"}
    _, application = find_secret(stage, "database/application")
    generator = application["Properties"]["GenerateSecretString"]
    template = json.loads(as_text(generator["SecretStringTemplate"]))
    assert template == {
        "username": "spywatcher",
        "dbname": "spywatcher",
        "masterarn": f"${{{admin_id}}}",
    }


def test_a_protected_stage_retains_the_secrets(production: SynthesizedStage) -> None:
    secrets = production.resources("data", SECRET).values()
    assert {secret["DeletionPolicy"] for secret in secrets} == {"RetainExceptOnCreate"}


def test_the_instance_has_a_reference_to_its_password(stage: SynthesizedStage) -> None:
    admin_id, _ = find_secret(stage, "database/admin")
    password = as_text(stage.only("data", DB_INSTANCE)["MasterUserPassword"])
    assert password == f"{{{{resolve:secretsmanager:${{{admin_id}}}:SecretString:password::}}}}"


@both_secrets
def test_the_credentials_are_rotated_by_a_function_of_this_project(
    stage: SynthesizedStage, name: str
) -> None:
    function = find_rotation_function(stage, name)
    assert function["Handler"] == "functions.postgres_rotation.handler.handle"
    assert function["Runtime"] == "python3.14"
    assert find_rotation(stage, name)["RotateImmediatelyOnUpdate"] is False
    assert "Transform" not in stage.templates["data"]


def test_the_rotation_of_the_application_alternates_two_users(stage: SynthesizedStage) -> None:
    """The function needs the secret of the administrator to set the password of the other user."""
    variables = find_rotation_function(stage, "database/application")["Environment"]["Variables"]
    assert "Admin" in variables["ADMINISTRATOR_SECRET_ARN"]["Ref"]


def test_the_administrator_sets_its_own_password(stage: SynthesizedStage) -> None:
    variables = find_rotation_function(stage, "database/admin")["Environment"]["Variables"]
    assert set(variables) == {"ROOT_CERTIFICATE", "SECRET_ARN"}


@both_secrets
def test_the_function_trusts_the_root_certificate_of_the_region_alone(
    stage: SynthesizedStage, name: str
) -> None:
    variables = find_rotation_function(stage, name)["Environment"]["Variables"]
    assert variables["ROOT_CERTIFICATE"] == root_certificate(stage.settings.region)


@both_secrets
def test_the_log_of_the_function_is_encrypted_and_expires(
    stage: SynthesizedStage, name: str
) -> None:
    logical_id = find_rotation_function(stage, name)["LoggingConfig"]["LogGroup"]["Ref"]
    log_group = stage.resources("data", "AWS::Logs::LogGroup")[logical_id]["Properties"]
    assert log_group["RetentionInDays"] == 90
    assert "KeysLogs" in json.dumps(log_group["KmsKeyId"])


@both_secrets
def test_the_rotation_functions_are_in_the_private_subnets(
    stage: SynthesizedStage, name: str
) -> None:
    network = find_rotation_function(stage, name)["VpcConfig"]
    subnets = [as_text(subnet) for subnet in network["SubnetIds"]]
    assert len(subnets) == 3
    assert all("privateSubnet" in subnet for subnet in subnets)
    (security_group,) = network["SecurityGroupIds"]
    assert "RotationGroup" in as_text(security_group)


def test_the_names_of_the_functions_are_unique_and_short_enough_for_the_longest_stage_name(
    stage: SynthesizedStage,
) -> None:
    names = [
        find_rotation_function(stage, name)["FunctionName"]
        for name in ("database/admin", "database/application", "cache/token")
    ]
    assert len(set(names)) == 3
    longer = 16 - len(stage.settings.stage)
    assert max(map(len, names)) + longer <= 64
