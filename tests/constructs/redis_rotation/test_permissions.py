"""The role of the function allows the API calls that a rotation makes, and no others."""

from __future__ import annotations

import pytest

from tests.constructs.redis_rotation.aws import Aws
from tests.constructs.redis_rotation.test_rotation import rotate, run_step
from tests.function_permissions import denied_calls, role_of_function, unused_actions
from tests.role_policies import RolePolicies
from tests.simulators.secrets_manager_simulator import V1
from tests.synthesis import ACCOUNT, SynthesizedStage
from tools.operations.preflight.api_calls import ApiCall


@pytest.fixture
def calls(aws: Aws) -> list[ApiCall]:
    """The calls of a rotation, and of the removal of the previous token."""
    rotate(aws)
    run_step(aws, "retirePrevious", V1)
    return aws.api_calls


@pytest.fixture
def role(stage: SynthesizedStage) -> RolePolicies:
    return role_of_function(stage, "data", stage.settings.resource_name("rotate-cache-token"))


def test_the_role_allows_each_call_on_the_secret_and_the_replication_group(
    stage: SynthesizedStage, role: RolePolicies, calls: list[ApiCall]
) -> None:
    place = f"{stage.settings.region}:{ACCOUNT}"
    name = stage.settings.resource_name()
    secret = f"arn:aws:secretsmanager:{place}:secret:{name}/cache/token-AbCdEf"
    group = f"arn:aws:elasticache:{place}:replicationgroup:{name}"
    resources = {"secretsmanager": lambda _: secret, "elasticache": lambda _: group}
    assert denied_calls(role, calls, resources) == set()
    assert {call.action for call in calls} >= {
        "elasticache:ModifyReplicationGroup",
        "secretsmanager:PutSecretValue",
    }


def test_the_role_allows_no_action_that_the_function_never_calls(
    role: RolePolicies, calls: list[ApiCall]
) -> None:
    assert unused_actions(role, calls, {"elasticache", "secretsmanager"}) == set()


def test_a_call_that_the_role_does_not_allow_is_found(
    stage: SynthesizedStage, role: RolePolicies
) -> None:
    call = ApiCall("secretsmanager:DeleteSecret", {})
    secret = f"arn:aws:secretsmanager:{stage.settings.region}:{ACCOUNT}:secret:x"
    resources = {"secretsmanager": lambda _: secret}
    assert denied_calls(role, [call], resources) == {("secretsmanager:DeleteSecret", secret)}
