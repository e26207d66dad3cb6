"""The roles of the functions allow the API calls that their rotations make, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.constructs.postgres_rotation.secrets import (
    ADMINISTRATOR_ARN,
    APPLICATION_ARN,
    DatabaseSecrets,
)
from tests.function_permissions import denied_calls, role_of_function, unused_actions
from tests.role_policies import RolePolicies
from tests.simulators.secrets_manager_simulator import V1
from tests.synthesis import ACCOUNT, SynthesizedStage
from tools.operations.preflight.api_calls import ApiCall

SECRETS = {ADMINISTRATOR_ARN: "admin", APPLICATION_ARN: "application"}
KINDS = {"administrator": "admin", "application": "application"}
"""The secret in the names of a stage, by the name of the attribute of `DatabaseSecrets`."""


def role_of(stage: SynthesizedStage, kind: str) -> RolePolicies:
    name = stage.settings.resource_name(f"rotate-{KINDS[kind]}-password")
    return role_of_function(stage, "data", name)


def arn_of_secret(stage: SynthesizedStage, parameters: Mapping[str, Any]) -> str:
    """Return the ARN that the secret of a call has in a stage."""
    name = f"{stage.settings.resource_name()}/database/{SECRETS[parameters['SecretId']]}"
    region = stage.settings.region
    return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-AbCdEf"


def denied(stage: SynthesizedStage, kind: str, calls: list[ApiCall]) -> set[tuple[str, str]]:
    resources = {"secretsmanager": lambda parameters: arn_of_secret(stage, parameters)}
    return denied_calls(role_of(stage, kind), calls, resources)


@pytest.mark.parametrize("kind", KINDS)
def test_the_role_allows_each_call_on_the_secrets_that_the_rotation_needs(
    stage: SynthesizedStage, secrets: DatabaseSecrets, kind: str
) -> None:
    secrets.rotate(getattr(secrets, kind), V1)
    assert denied(stage, kind, secrets.api_calls) == set()
    assert "secretsmanager:PutSecretValue" in {call.action for call in secrets.api_calls}


@pytest.mark.parametrize("kind", KINDS)
def test_the_role_allows_no_action_that_the_function_never_calls(
    stage: SynthesizedStage, secrets: DatabaseSecrets, kind: str
) -> None:
    secrets.rotate(getattr(secrets, kind), V1)
    unused = unused_actions(role_of(stage, kind), secrets.api_calls, {"secretsmanager"})
    assert unused == set()


def test_the_rotation_of_the_application_reads_the_secret_of_the_administrator(
    stage: SynthesizedStage, secrets: DatabaseSecrets
) -> None:
    """The role of the other function lacks this permission, and the comparison finds the call."""
    secrets.rotate(secrets.application, V1)
    calls = [call for call in secrets.api_calls if call.parameters["SecretId"] == ADMINISTRATOR_ARN]
    assert {call.action for call in calls} == {"secretsmanager:GetSecretValue"}
    assert denied(stage, "application", calls) == set()


def test_a_call_on_the_secret_of_another_function_is_found(
    stage: SynthesizedStage, secrets: DatabaseSecrets
) -> None:
    secrets.rotate(secrets.application, V1)
    calls = [call for call in secrets.api_calls if call.parameters["SecretId"] == APPLICATION_ARN]
    assert denied(stage, "administrator", calls) == {
        (call.action, arn_of_secret(stage, call.parameters)) for call in calls
    }
