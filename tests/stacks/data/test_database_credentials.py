"""The secrets of PostgreSQL and their rotation, as INFRASTRUCTURE.md describes them."""

import json
import re

import pytest

from tests.stacks.data.resources import (
    DB_INSTANCE,
    ROTATION_SCHEDULE,
    SECRET,
    find_rotation,
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


def test_database_credentials_are_rotated_by_hosted_functions(stage: SynthesizedStage) -> None:
    rotation_types = {
        name: find_rotation(stage, name)["HostedRotationLambda"]["RotationType"]
        for name in ("database/admin", "database/application")
    }
    assert rotation_types == {
        "database/admin": "PostgreSQLSingleUser",
        "database/application": "PostgreSQLMultiUser",
    }
    assert stage.templates["data"]["Transform"] == ["AWS::SecretsManager-2024-09-16"]


def test_the_rotation_of_the_application_has_access_to_the_secret_of_the_administrator(
    stage: SynthesizedStage,
) -> None:
    """The function needs it to set the password of the other user."""
    function = find_rotation(stage, "database/application")["HostedRotationLambda"]
    assert "Admin" in function["MasterSecretArn"]["Ref"]
    assert function["MasterSecretKmsKeyArn"] == function["KmsKeyArn"]


@both_secrets
def test_a_rotated_password_excludes_the_same_characters_as_the_first_one(
    stage: SynthesizedStage, name: str
) -> None:
    generator = find_secret(stage, name)[1]["Properties"]["GenerateSecretString"]
    function = find_rotation(stage, name)["HostedRotationLambda"]
    assert function["ExcludeCharacters"] == generator["ExcludeCharacters"]


@both_secrets
def test_the_rotation_functions_are_in_the_private_subnets(
    stage: SynthesizedStage, name: str
) -> None:
    function = find_rotation(stage, name)["HostedRotationLambda"]
    assert len(re.findall(r"privateSubnet\dSubnet", as_text(function["VpcSubnetIds"]))) == 3
    assert "RotationGroup" in as_text(function["VpcSecurityGroupIds"])


def test_the_names_of_the_functions_are_unique_and_short_enough_for_the_longest_stage_name(
    stage: SynthesizedStage,
) -> None:
    names = [
        resource["Properties"]["HostedRotationLambda"]["RotationLambdaName"]
        for resource in stage.resources("data", ROTATION_SCHEDULE).values()
        if "HostedRotationLambda" in resource["Properties"]
    ]
    assert len(set(names)) == 2
    longer = 16 - len(stage.settings.stage)
    assert max(map(len, names)) + longer <= 64
