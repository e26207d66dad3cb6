"""The handler of the Lambda function."""

import datetime as dt
import logging
import os
import ssl
from typing import Any

from ..secret_rotation.secret import RotatingSecret
from .replication_group import ReplicationGroup
from .rotation import TokenRotation

_RETIRE_STEP = "retirePrevious"
_RESERVED_SECONDS = 20.0
"""The time that remains for a reply after the function has stopped waiting."""

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def handle(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  Lambda's context
    """Run the step of the event. If it raises an exception, the caller repeats the step.

    Args:
        event: {"Step", "ClientRequestToken"} from Secrets Manager, or {"Step": "retirePrevious",
            "OverlapHours"} from the daily rule.
        context: The context of the invocation, which has the remaining time.
    """
    # Imported here, so that the module can be imported where boto3 is not installed.
    import boto3

    group = ReplicationGroup(
        boto3.client("elasticache"),
        os.environ["REPLICATION_GROUP"],
        tls=ssl.create_default_context(),
        remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000 - _RESERVED_SECONDS,
    )
    secret = RotatingSecret(boto3.client("secretsmanager"), os.environ["SECRET_ARN"])
    step = event["Step"]
    logger.info("%s: begin", step)
    run_step(step, event, TokenRotation(secret, group))
    logger.info("%s: end", step)


def run_step(step: str, event: dict[str, Any], rotation: TokenRotation) -> None:
    """Run a step of Secrets Manager, or the removal of the previous token.

    Raises:
        ValueError: There is no such step.
    """
    if step == _RETIRE_STEP:
        rotation.retire_previous(dt.timedelta(hours=event["OverlapHours"]))
    else:
        rotation.run_step(step, event["ClientRequestToken"])
