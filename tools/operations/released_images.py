"""Compares the deployed images of a stage with those of its settings.

The images are parameters of the workloads stack. A deployment without `--parameters` keeps their
values, so it does not release an image that changed in the settings.
"""

from collections.abc import Mapping
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
    return [
        *_describe_migrations(stack_name, deployed),
        *(
            text
            for name, service in settings.services.by_name().items()
            if (text := _describe_image(name, service.image, deployed, settings.stage))
        ),
    ]


def _describe_image(name: str, image: str, deployed: Mapping[str, str], stage: str) -> str:
    """Return a text if the settings have another image than the track that receives the traffic."""
    service = name.capitalize()
    is_green = deployed.get(f"{service}Traffic") == "green"
    parameter = f"{service}{'Green' if is_green else ''}Image"
    if deployed.get(parameter, image) == image:
        return ""
    return (
        f"{parameter}: a deployment keeps {deployed[parameter]}; the settings have {image}. To "
        f"release it: python3 dev.py release start {name} {stage} --image {image}"
    )


def _describe_migrations(stack_name: str, deployed: Mapping[str, str]) -> list[str]:
    """Return a text if the stack is older than the parameter with the image of its Jobs.

    The Job of the release that runs has the image of the backend. Kubernetes refuses to change it.
    """
    if "BackendImage" not in deployed or "MigrationsImage" in deployed:
        return []
    return [
        "MigrationsImage: the deployed stack does not have this parameter. Set it once: "
        f"--parameters {stack_name}:MigrationsImage={deployed['BackendImage']}"
    ]
