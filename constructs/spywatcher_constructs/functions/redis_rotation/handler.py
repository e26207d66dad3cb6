"""What Lambda calls: Secrets Manager for a step of the rotation, a daily rule for the last one."""

import datetime as dt
import logging
import os
import ssl
from typing import Any

from .replication_group import ReplicationGroup
from .rotation import TokenRotation

_RESERVE_SECONDS = 20.0
"""Left of the function's time for an answer, when waiting is given up."""

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def handle(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401  Lambda's own
    """Do the step that the event names; whatever it raises, the caller tries again.

    Args:
        event: Secrets Manager's {"Step", "ClientRequestToken"}, or the daily rule's
            {"Step": "retirePrevious", "OverlapHours"}.
        context: Lambda's, which knows how much time is left.
    """
    # Not at the top: without it the rest can be tried anywhere.
    import boto3

    group = ReplicationGroup(
        boto3.client("elasticache"),
        os.environ["REPLICATION_GROUP"],
        tls=ssl.create_default_context(),
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - _RESERVE_SECONDS,
    )
    rotation = TokenRotation(boto3.client("secretsmanager"), os.environ["SECRET_ARN"], group)
    step = event["Step"]
    logger.info("%s: begin", step)
    do(step, event, rotation)
    logger.info("%s: end", step)


def do(step: str, event: dict[str, Any], rotation: TokenRotation) -> None:
    """Do one step.

    Raises:
        ValueError: there is no such step.
    """
    match step:
        case "createSecret":
            rotation.create_secret(event["ClientRequestToken"])
        case "setSecret":
            rotation.set_secret(event["ClientRequestToken"])
        case "testSecret":
            rotation.test_secret(event["ClientRequestToken"])
        case "finishSecret":
            rotation.finish_secret(event["ClientRequestToken"])
        case "retirePrevious":
            rotation.retire_previous(dt.timedelta(hours=event["OverlapHours"]))
        case _:
            raise ValueError(f"found step {step!r}; allowed: those of Secrets Manager")
