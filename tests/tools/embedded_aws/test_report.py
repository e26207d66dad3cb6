"""The failures that a failed deploy-local names."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from tests.tools.embedded_aws.conftest import REGION, Stack
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.report import Reader

TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic"}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
}


def failures(stack: Stack, endpoint: str, since: dt.datetime) -> list[str]:
    return Reader(Emulator(0, 0, endpoint), CREDENTIALS).failures(stack.name, since)


def test_a_failed_deploy_names_the_resource_and_the_reason(stack: Stack, endpoint: str) -> None:
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    stack.deploy({"Topic": TOPIC})
    assert failures(stack, endpoint, since) == []

    stack.deploy({"Topic": TOPIC, "Key": {"Type": "AWS::KMS::Key", "Properties": {"Foo": 1}}})

    (failure,) = failures(stack, endpoint, since)
    assert failure.startswith(f"{stack.name}/Key: ")
    assert "extraneous key [Foo]" in failure


def test_a_failed_deploy_names_an_export_in_use(
    stack: Stack, aws: Callable[[str], Any], endpoint: str
) -> None:
    """CloudFormation reports it for the stack, and for no resource."""
    export = {"Outputs": {"O": {"Value": "v", "Export": {"Name": stack.name}}}}
    stack.deploy_template({"Resources": {"Topic": TOPIC}} | export)
    importer = Stack(f"importer-of-{stack.name}", aws("cloudformation"))
    importer.deploy({"T": TOPIC}, {"I": {"Fn::ImportValue": stack.name}})
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)

    stack.deploy({"Topic": TOPIC, "Another": TOPIC})
    importer.delete()

    (failure,) = failures(stack, endpoint, since)
    assert failure == (
        f"{stack.name}/{stack.name}: Export {stack.name} cannot be deleted as it is in use by "
        f"{importer.name}"
    )
