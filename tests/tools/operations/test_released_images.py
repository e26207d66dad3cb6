"""The images of the settings that a deployment does not release."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from settings import load_stage
from tools.operations.released_images import describe_unreleased_images

SETTINGS = load_stage("staging")
IMAGES = {
    "BackendImage": SETTINGS.services.backend.image,
    "FrontendImage": SETTINGS.services.frontend.image,
    "MigrationsImage": SETTINGS.services.backend.image,
}


class Client:
    """Simulates CloudFormation with the parameters of one stack, or with an error message."""

    class exceptions:  # noqa: N801 - the client's own name
        ClientError = ClientError

    def __init__(self, parameters: dict[str, str] | str) -> None:
        self.parameters = parameters

    def describe_stacks(self, **request: str) -> dict[str, Any]:
        assert request == {"StackName": "spywatcher-staging-workloads"}
        if isinstance(self.parameters, str):
            raise ClientError({"Error": {"Message": self.parameters}}, "DescribeStacks")
        parameters = self.parameters.items()
        return {
            "Stacks": [
                {"Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters]}
            ]
        }


def test_a_deployed_image_has_no_text() -> None:
    assert describe_unreleased_images(Client(IMAGES), SETTINGS) == []


def test_an_image_that_is_not_deployed_has_a_text_with_the_command_that_releases_it() -> None:
    (text,) = describe_unreleased_images(Client(IMAGES | {"BackendImage": "backend:0.9"}), SETTINGS)
    assert text.startswith("BackendImage: a deployment keeps backend:0.9; the settings have")
    image = IMAGES["BackendImage"]
    assert text.endswith(f"python3 dev.py release start backend staging --image {image}")


def test_the_image_of_the_track_with_the_traffic_counts() -> None:
    green = {"BackendImage": "backend:0.9", "BackendTraffic": "green"}
    released = {"BackendGreenImage": IMAGES["BackendImage"]}
    assert describe_unreleased_images(Client(IMAGES | green | released), SETTINGS) == []
    (text,) = describe_unreleased_images(
        Client(IMAGES | green | {"BackendGreenImage": "backend:1.1"}), SETTINGS
    )
    assert text.startswith("BackendGreenImage: a deployment keeps backend:1.1")


def test_a_stack_without_the_image_of_the_jobs_needs_the_image_that_runs_once() -> None:
    """Kubernetes refuses to change the Job of the release that runs."""
    older = {k: v for k, v in IMAGES.items() if k != "MigrationsImage"}
    (text,) = describe_unreleased_images(Client(older), SETTINGS)
    image = IMAGES["BackendImage"]
    assert text.endswith(f"--parameters spywatcher-staging-workloads:MigrationsImage={image}")


def test_before_the_first_deployment_there_is_no_text() -> None:
    missing = "Stack with id spywatcher-staging-workloads does not exist"
    assert describe_unreleased_images(Client(missing), SETTINGS) == []


def test_another_error_of_cloudformation_is_raised() -> None:
    with pytest.raises(ClientError):
        describe_unreleased_images(Client("User is not authorized"), SETTINGS)
