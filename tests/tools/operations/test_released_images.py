"""A deployment keeps the released images: what the settings say by now is told before it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from settings import load_stage
from tools.operations.released_images import differences

SETTINGS = load_stage("staging")
IMAGES = {
    "BackendImage": SETTINGS.services.backend.image,
    "FrontendImage": SETTINGS.services.frontend.image,
}


class Client:
    """CloudFormation with the parameters of one stack, or with an error."""

    class exceptions:  # noqa: N801 - the client's own name
        ClientError = ClientError

    def __init__(self, parameters: dict[str, str] | str) -> None:
        self.parameters = parameters

    def describe_stacks(self, **request: str) -> dict[str, Any]:
        assert request == {"StackName": "spywatcher-staging-workloads"}
        if isinstance(self.parameters, str):
            raise ClientError({"Error": {"Message": self.parameters}}, "DescribeStacks")
        given = self.parameters.items()
        return {
            "Stacks": [{"Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in given]}]
        }


def test_nothing_is_said_where_the_settings_name_what_runs() -> None:
    assert differences(Client(IMAGES), SETTINGS) == []


def test_another_image_is_told_with_the_way_to_release_it() -> None:
    (told,) = differences(Client(IMAGES | {"BackendImage": "backend:0.9"}), SETTINGS)
    assert told.startswith("BackendImage: backend:0.9 is deployed, and stays")
    release = f"--parameters spywatcher-staging-workloads:BackendImage={IMAGES['BackendImage']}"
    assert release in told


def test_before_the_first_deployment_there_is_nothing_to_say() -> None:
    missing = "Stack with id spywatcher-staging-workloads does not exist"
    assert differences(Client(missing), SETTINGS) == []


def test_a_refusal_is_not_taken_for_a_missing_stack() -> None:
    with pytest.raises(ClientError):
        differences(Client("User is not authorized"), SETTINGS)
