"""Wrong arguments: one message with what was found and what is allowed, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.message import Message

import pytest

from tests.tools.release.conftest import NEW, PASSING, STAGE, TEMPLATE, StubStage
from tools.operations.preflight import http

Run = Callable[..., tuple[int, str]]
TAG = "ghcr.io/owner/backend:1.4.0"
URL = "https://ghcr.io/v2/owner/backend/manifests/1.4.0"
DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def deployed(stage: StubStage) -> StubStage:
    stage.deploy()
    stage.define(PASSING)
    return stage


def _response(status: int, **headers: str) -> http.Response:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return http.Response(status, message, b"{}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("start", "database", STAGE, "--image", NEW), "'database'; allowed: backend, frontend"),
        (("start", "backend", "stagin", "--image", NEW), "staging"),
        (("start", "backend", STAGE), "--image"),
        (("start", "backend", STAGE, "--image", NEW, "--strategy", "fast"), "rolling"),
        (("rollback", "backend", STAGE), "--because"),
        (("stop", "backend", STAGE), "start"),
    ],
)
def test_an_argument_is_refused_without_aws(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    code, text = run(*arguments)

    assert code == 1
    assert message in text


def test_a_strategy_that_the_deployed_service_lacks_is_refused(
    deployed: StubStage, run: Run
) -> None:
    code, text = run("start", "frontend", STAGE, "--image", NEW, "--strategy", "canary")

    assert code == 1
    assert "found canary; allowed for frontend as it is deployed: rolling" in text
    assert deployed.executions() == []


def test_a_tag_becomes_the_digest_of_the_registry(
    deployed: StubStage, run: Run, registry: dict[str, http.Response]
) -> None:
    registry[URL] = _response(200, Docker_Content_Digest=DIGEST)

    run("start", "backend", STAGE, "--image", TAG, "--follow")

    assert deployed.inputs()[0]["image"] == f"ghcr.io/owner/backend@{DIGEST}"


def test_an_image_that_the_registry_lacks_is_refused(
    deployed: StubStage, run: Run, registry: dict[str, http.Response]
) -> None:
    registry[URL] = _response(404)

    code, text = run("start", "backend", STAGE, "--image", TAG)

    assert code == 1
    assert f"{TAG} is not in the registry ghcr.io" in text
    assert deployed.executions() == []


def test_a_private_image_is_released_with_a_warning(
    deployed: StubStage, run: Run, registry: dict[str, http.Response]
) -> None:
    registry[URL] = _response(401)

    code, text = run("start", "backend", STAGE, "--image", TAG, "--follow")

    assert code == 0
    assert "warning: cannot check that the image" in text
    assert deployed.inputs()[0]["image"] == TAG


def test_a_private_image_without_a_digest_is_refused_in_a_protected_stage(
    stage: StubStage, run: Run, registry: dict[str, http.Response]
) -> None:
    stage.cloudformation.create_stack(
        StackName="spywatcher-production-workloads", TemplateBody=json.dumps(TEMPLATE)
    )
    registry[URL] = _response(401)

    code, text = run("start", "backend", "production", "--image", TAG)

    assert code == 1
    assert "found the tag" in text
    assert "Allowed in this stage: an image with its digest" in text


def test_a_stage_that_is_not_deployed_is_refused(stage: StubStage, run: Run) -> None:
    code, text = run("start", "backend", STAGE, "--image", NEW)

    assert code == 4
    assert "the stack spywatcher-staging-workloads does not exist" in text


def test_a_stage_without_the_machine_is_refused(stage: StubStage, run: Run) -> None:
    stage.deploy()

    code, text = run("start", "backend", STAGE, "--image", NEW)

    assert code == 4
    assert "the state machine spywatcher-staging-release does not exist" in text
