"""The API under /_local/."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.tools.embedded_aws.conftest import Stack

TOPIC = {"Type": "AWS::SNS::Topic"}
EIP = {"Type": "AWS::EC2::EIP"}


def test_the_mode_without_docker_is_schemas(local_api: Callable[[str], str]) -> None:
    mode = json.loads(local_api("mode"))

    assert mode["kubernetes"] == ("k3s" if mode["docker"] else "schemas")


def test_resources_are_listed_with_their_fidelity(
    stack: Stack, local_api: Callable[[str], str]
) -> None:
    stack.deploy({"Topic": TOPIC, "Address": EIP})

    address, topic = json.loads(local_api(f"resources?stack={stack.name}"))

    ids = stack.physical_ids()
    assert address == {
        "stack": stack.name,
        "logical_id": "Address",
        "type": "AWS::EC2::EIP",
        "physical_id": ids["Address"],
        "fidelity": "recorded",
    }
    assert topic["fidelity"] == "emulated"


def test_resources_of_one_stack_or_of_all_are_listed(
    stack: Stack, aws: Callable[[str], Any], local_api: Callable[[str], str]
) -> None:
    other = Stack(f"{stack.name}-other", aws("cloudformation"))
    stack.deploy({"Topic": TOPIC})
    other.deploy({"Topic": TOPIC})

    of_one = {entry["stack"] for entry in json.loads(local_api(f"resources?stack={stack.name}"))}
    of_all = {entry["stack"] for entry in json.loads(local_api("resources"))}
    other.delete()

    assert of_one == {stack.name}
    assert {stack.name, other.name} <= of_all


@pytest.mark.parametrize(
    ("path", "status"), [("nothing", 404), ("manifests", 400), ("manifests?cluster=no", 404)]
)
def test_an_invalid_request_gets_a_status_and_a_message(
    endpoint: str, path: str, status: int
) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{endpoint}/_local/{path}")  # noqa: S310 - 127.0.0.1

    assert refused.value.code == status
    assert json.loads(refused.value.read())["message"]


def test_only_get_is_answered(endpoint: str) -> None:
    request = urllib.request.Request(f"{endpoint}/_local/mode", method="POST")  # noqa: S310

    with pytest.raises(HTTPError, match="405"):
        urllib.request.urlopen(request)  # noqa: S310
