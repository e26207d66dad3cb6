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


def test_an_image_that_is_not_deployed_has_a_text_with_the_parameters_that_release_it() -> None:
    (text,) = describe_unreleased_images(Client(IMAGES | {"BackendImage": "backend:0.9"}), SETTINGS)
    assert text.startswith("BackendImage: a deployment keeps backend:0.9; the settings have")
    release = f"--parameters spywatcher-staging-workloads:BackendImage={IMAGES['BackendImage']}"
    assert release in text


def test_before_the_first_deployment_there_is_no_text() -> None:
    missing = "Stack with id spywatcher-staging-workloads does not exist"
    assert describe_unreleased_images(Client(missing), SETTINGS) == []


def test_another_error_of_cloudformation_is_raised() -> None:
    with pytest.raises(ClientError):
        describe_unreleased_images(Client("User is not authorized"), SETTINGS)
