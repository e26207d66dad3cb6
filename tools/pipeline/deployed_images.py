"""The images that a stage runs, which are parameters of its workloads stack."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from settings.model import StageSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient

_GREEN = "green"
"""The position at which all requests reach the green track, and only that track runs."""


def read_deployed_images(client: "BaseClient", settings: StageSettings) -> Mapping[str, str]:
    """Return the image that each service runs, by the name of the service.

    Empty before the first deployment. While a release moves traffic, it is the image of the blue
    track: the workflow that starts a release scans the new image itself.

    Args:
        client: A CloudFormation client in the Region of the stage.
        settings: The settings of the stage.
    """
    try:
        (stack,) = client.describe_stacks(StackName=settings.resource_name("workloads"))["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    return {name: _image(values, name.capitalize()) for name in settings.services.by_name()}


def _image(values: Mapping[str, str], service: str) -> str:
    track = "Green" if values.get(f"{service}Traffic") == _GREEN else ""
    return values[f"{service}{track}Image"]
