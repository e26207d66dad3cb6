"""The calls that `set-secret` and `guard` make on the embedded AWS: administrators may make them.

tests/tools/operations/preflight does the same for `preflight`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.role_policies import RolePolicies
from tests.synthesis import ACCOUNT, SynthesizedStage
from tests.tools.embedded_aws.conftest import REGION
from tools.guard.deployed import cloudformation_clients, read_deployed
from tools.operations.application_secret import ApplicationSecretStore
from tools.operations.preflight.api_calls import ApiCallRecorder
from tools.templates.assembly import AssemblyStack

EMULATED_ACCOUNT = "000000000000"
LOOKUP_ROLE = f"cdk-hnb659fds-lookup-role-{ACCOUNT}-{REGION}"
WITHOUT_PERMISSION = "sts:GetCallerIdentity"


@pytest.fixture
def session(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return boto3.Session("test", "test", region_name=REGION)


@pytest.fixture
def recorder(session: boto3.Session) -> ApiCallRecorder:
    return ApiCallRecorder(session)


@pytest.fixture
def secret(aws: Callable[[str], Any], staging: SynthesizedStage) -> Iterator[str]:
    name = staging.settings.secret_names.application
    client = aws("secretsmanager")
    client.create_secret(Name=name, SecretString="{}")
    yield name
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_administrators_may_make_the_calls_of_set_secret(
    session: boto3.Session, recorder: ApiCallRecorder, secret: str, staging: SynthesizedStage
) -> None:
    store = ApplicationSecretStore(session.client("secretsmanager"), staging.settings)
    store.set("DISCORD_CLIENT_ID", "123456789012345678")
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{secret}-AbCdEf"
    admin = RolePolicies.of_people(staging, "admin")
    actions = {call.action for call in recorder.calls}
    assert actions == {"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}
    assert {action for action in actions if not admin.allows(action, arn)} == set()


def test_administrators_may_make_the_calls_of_guard(
    session: boto3.Session, recorder: ApiCallRecorder, staging: SynthesizedStage
) -> None:
    """All but the first two are made with the lookup role, which reads everything."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{LOOKUP_ROLE}"
    stack = AssemblyStack(
        staging.settings.resource_name("data"), {}, REGION, EMULATED_ACCOUNT, role, ()
    )
    read_deployed("staging", [stack], cloudformation_clients(session, [stack]))
    identity, assume, *others = recorder.calls
    assert identity.action == WITHOUT_PERMISSION
    assert (assume.action, assume.parameters["RoleArn"]) == ("sts:AssumeRole", role)
    assert RolePolicies.of_people(staging, "admin").allows("sts:AssumeRole", role)
    assert {call.action for call in others} <= {
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
    }
