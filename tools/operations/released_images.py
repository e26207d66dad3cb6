"""Compares the deployed images of a stage with those of its settings.

The images are parameters of the workloads stack. A deployment without `--parameters` keeps their
values, so it does not release an image that changed in the settings.
"""

from typing import TYPE_CHECKING

from settings import StageSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient


def describe_unreleased_images(client: "BaseClient", settings: StageSettings) -> list[str]:
    """Return a text for each image of the settings that is not deployed.

    The list is empty before the first deployment, which deploys the images of the settings.

    Args:
        client: a CloudFormation client in the region of the stage.
        settings: the settings of the stage.
    """
    stack_name = settings.resource_name("workloads")
    try:
        (stack,) = client.describe_stacks(StackName=stack_name)["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return []
        raise
    deployed = {
        parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]
    }
    images = {
        f"{name.capitalize()}Image": service.image
        for name, service in settings.services.by_name().items()
    }
    return [
        f"{parameter}: a deployment keeps {deployed[parameter]}; the settings have {image}. To "
        f"release it: --parameters {stack_name}:{parameter}={image} --parameters "
        f"{stack_name}:Release=<a new name>"
        for parameter, image in images.items()
        if deployed.get(parameter, image) != image
    ]
