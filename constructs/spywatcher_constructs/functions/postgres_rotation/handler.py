"""The handler of the Lambda function."""

import logging
import os
from typing import Any

from ..secret_rotation.rotation import Rotation
from ..secret_rotation.secret import RotatingSecret
from . import postgres
from .rotation import AlternatingUsersRotation, SingleUserRotation

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def handle(event: dict[str, str], context: object) -> None:
    """Run the step of the event. If it raises an exception, Secrets Manager repeats the step.

    Args:
        event: {"Step", "ClientRequestToken"} from Secrets Manager.
        context: The context of the invocation.
    """
    # Imported here, so that the module can be imported where boto3 is not installed.
    import boto3

    rotation = create_rotation(boto3.client("secretsmanager"))
    step = event["Step"]
    logger.info("%s: begin", step)
    rotation.run_step(step, event["ClientRequestToken"])
    logger.info("%s: end", step)


def create_rotation(client: Any) -> Rotation:  # noqa: ANN401  boto3 has no types
    """Return the rotation of the secret in the environment.

    With the secret of an administrator, two users alternate. Without one, the user sets its own
    password.

    Args:
        client: The boto3 client of Secrets Manager.
    """
    secret = RotatingSecret(client, os.environ["SECRET_ARN"])
    tls = postgres.trust(os.environ["ROOT_CERTIFICATE"])
    administrator_arn = os.environ.get("ADMINISTRATOR_SECRET_ARN")
    if administrator_arn is None:
        return SingleUserRotation(secret, tls)
    administrator = RotatingSecret(client, administrator_arn)
    return AlternatingUsersRotation(secret, tls, administrator=administrator)
