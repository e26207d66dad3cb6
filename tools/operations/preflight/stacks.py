"""The stacks of the account: that of `cdk bootstrap`, and those of the stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from settings import StageSettings
from settings.accounts import EMBEDDED_ACCOUNT
from settings.delivery import DeliverySettings
from tools.cdk_context import bootstrap_qualifier
from tools.deletion_protection import DeployedStack, StageProtection
from tools.operations.preflight.row import Row, Status, missing, ok
from tools.operations.released_images import describe_unreleased_images

if TYPE_CHECKING:
    from boto3 import Session

STACKS = ("security", "network", "data", "cluster", "workloads", "monitoring", "delivery")
"""The last parts of the names of a stage's stacks. A test compares them with the templates."""
OLDEST_BOOTSTRAP_VERSION = 6
"""The version of the bootstrap stack that the templates require (their rule
CheckBootstrapVersion)."""
_ROOT = Path(__file__).parents[3]


def check_bootstrap(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the account and the Region are bootstrapped for the CDK."""
    subject = "CDK bootstrap"
    client = session.client("ssm")
    try:
        parameter = client.get_parameter(
            Name=f"/cdk-bootstrap/{bootstrap_qualifier(_ROOT)}/version"
        )
        version = int(parameter["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        version = 0
    if version >= OLDEST_BOOTSTRAP_VERSION:
        return [ok(subject, f"version {version}")]
    account = session.client("sts").get_caller_identity()["Account"]
    return [
        missing(
            subject,
            f"version {version}" if version else "not bootstrapped",
            allowed=f"version {OLDEST_BOOTSTRAP_VERSION} or later",
            fix=f"python3 dev.py cdk bootstrap aws://{account}/{settings.region}",
        )
    ]


def check_deletion_protection(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the stage is protected when it is complete, and not before.

    The embedded AWS creates protected stages too: it is discarded as a whole.
    """
    subject = "Deletion protection"
    if session.client("sts").get_caller_identity()["Account"] == EMBEDDED_ACCOUNT:
        return [ok(subject, "not needed in the embedded AWS")]
    names = [settings.resource_name(stack) for stack in STACKS]
    client = session.client("cloudformation")
    deployed = [stack for name in names if (stack := _describe(client, name)) is not None]
    protection = StageProtection(settings, names, deployed)
    error = protection.refusal()
    if error is None and protection.is_unprotected_production():
        error = protection.note()
    if error is not None:
        return [Row(subject, Status.MISSING, error)]
    return [ok(subject, protection.note() or ("on" if settings.deletion_protection else "off"))]


def check_released_images(session: "Session", settings: StageSettings) -> list[Row]:
    """Name the images of the settings that a deployment does not release."""
    notes = describe_unreleased_images(session.client("cloudformation"), settings)
    return [ok("Released images", note) for note in notes]


def check_traffic(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the deployment removes no position that is in use."""
    client, name = session.client("cloudformation"), settings.resource_name("workloads")
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return []
        raise
    deployed = {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in stack.get("Parameters", ())
    }
    return [
        _check_position(service, position, delivery, settings.stage)
        for service, delivery in (
            (service, each.delivery) for service, each in settings.services.by_name().items()
        )
        if (position := deployed.get(f"{service.capitalize()}Traffic")) is not None
    ]


def _check_position(service: str, position: str, delivery: DeliverySettings, stage: str) -> Row:
    subject = f"Traffic of the {service}"
    if delivery.has_two_tracks and position in delivery.positions:
        return ok(subject, position)
    if not delivery.has_two_tracks and position == "blue":
        return ok(subject, "blue, the track that rolling updates keep")
    allowed = ", ".join(delivery.positions) if delivery.has_two_tracks else "blue"
    return missing(
        subject,
        position,
        allowed=f"{allowed}, with services.{service}.delivery in settings/{stage}.yaml",
        fix=f"python3 dev.py release status {stage} {service}; docs/delivery.md",
    )


def _describe(client: Any, name: str) -> DeployedStack | None:  # noqa: ANN401 - a boto3 client
    """Return the state of a stack; None if it does not exist."""
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return DeployedStack(
        name, stack["StackStatus"], stack.get("EnableTerminationProtection", False)
    )
