"""Says where the settings name another image than the one that runs.

An image is a parameter of the workloads stack, which keeps its value: a deployment without
`--parameters` leaves the released image alone, whatever the settings say by now.
"""

from typing import TYPE_CHECKING

from settings import StageSettings

if TYPE_CHECKING:
    from botocore.client import BaseClient


def differences(client: "BaseClient", settings: StageSettings) -> list[str]:
    """Return a sentence for each image that differs; none before the first deployment.

    Args:
        client: CloudFormation's, in the stage's region.
        settings: the stage's settings.
    """
    name = settings.resource_name("workloads")
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return []
        raise
    deployed = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    wanted = {
        f"{service.capitalize()}Image": sizes.image
        for service, sizes in settings.services.by_name().items()
    }
    return [
        f"{key}: {deployed[key]} is deployed, and stays; the settings name {image}. To release "
        f"it: --parameters {name}:{key}={image} --parameters {name}:Release=<a new name>"
        for key, image in wanted.items()
        if deployed.get(key, image) != image
    ]
