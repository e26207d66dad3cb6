"""`dev.py images`: what a stage runs is what the nightly workflow scans."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from settings import load_stage
from tests.synthesis import SynthesizedStage
from tools.command_line import NO_CREDENTIALS
from tools.pipeline.__main__ import main
from tools.pipeline.deployed_images import read_deployed_images

REGISTRY = "ghcr.io/subculture-collective"


def images(parameters: dict[str, str]) -> dict[str, str]:
    """Return the images of a stage whose workloads stack has these parameters."""
    stack: dict[str, Any] = {
        "StackName": "spywatcher-staging-workloads",
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": "2026-11-25T12:00:00Z",
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    }
    with Stubber(client := cloudformation()) as stubber:
        stubber.add_response(
            "describe_stacks", {"Stacks": [stack]}, {"StackName": "spywatcher-staging-workloads"}
        )
        return dict(read_deployed_images(client, load_stage("staging")))


def cloudformation() -> Any:
    return boto3.client(
        "cloudformation",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - not a secret
    )


def test_the_parameters_of_a_template_are_read(stage: SynthesizedStage) -> None:
    parameters = stage.templates["workloads"]["Parameters"]
    values = {name: str(each["Default"]) for name, each in parameters.items() if "Default" in each}
    assert images(values) == {
        "backend": f"{REGISTRY}/spywatcher-backend:1.0.0",
        "frontend": f"{REGISTRY}/spywatcher-frontend:1.0.0",
    }


@pytest.mark.parametrize(
    ("position", "expected"), [("blue", "b:1"), ("75-25", "b:1"), ("green", "b:2")]
)
def test_a_service_with_two_tracks_runs_the_image_of_the_track_that_has_the_traffic(
    position: str, expected: str
) -> None:
    found = images(
        {
            "BackendImage": "b:1",
            "BackendGreenImage": "b:2",
            "BackendTraffic": position,
            "FrontendImage": "f:1",
        }
    )
    assert found == {"backend": expected, "frontend": "f:1"}


def test_a_stage_that_is_not_deployed_runs_none() -> None:
    with Stubber(client := cloudformation()) as stubber:
        stubber.add_client_error(
            "describe_stacks", "ValidationError", "Stack with id x does not exist"
        )
        assert read_deployed_images(client, load_stage("staging")) == {}


def test_missing_credentials_are_named_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    assert main(["images", "staging"]) == 1
    assert capsys.readouterr().err == f"{NO_CREDENTIALS}\n"
