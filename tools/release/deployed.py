"""Reads what is deployed of a stage: the images, and where each service stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from settings import StageSettings
from tools.release.errors import ExitCode, ReleaseError

BLUE, GREEN = TRACKS = ("blue", "green")
_DIGEST_CHARACTERS = 12
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


def other_track(track: str) -> str:
    """Return the other one of the two tracks."""
    return GREEN if track == BLUE else BLUE


def shares(position: str) -> dict[str, int]:
    """Return the share of each track at a position of the traffic, in percent.

    Args:
        position: a value of the traffic parameter, such as blue or 95-5.
    """
    if position in TRACKS:
        return {position: 100, other_track(position): 0}
    blue, _, green = position.partition("-")
    return {BLUE: int(blue), GREEN: int(green)}


def short_image(image: str) -> str:
    """Return an image's name with a part of its digest, and without its registry."""
    name, at, digest = image.partition("@")
    name = name.rpartition("/")[2]
    if not at:
        return name
    algorithm, _, value = digest.partition(":")
    return f"{name}@{algorithm}:{value[:_DIGEST_CHARACTERS]}"


@dataclass(frozen=True)
class DeployedService:
    """A service of a deployed stage. A service with rolling updates has the track blue only."""

    name: str
    images: Mapping[str, str]
    """The image of each track. That of a track that does not run is the one it ran last."""
    position: str
    """The value of the traffic parameter; blue for a service with rolling updates."""
    rule: str
    """The ARN of the listener rule."""
    target_groups: Mapping[str, str]
    """The ARN of the target group of each track."""

    @property
    def has_two_tracks(self) -> bool:
        """Whether a release moves the traffic from one track to the other."""
        return GREEN in self.images

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies with which the service can be released."""
        return ("blue-green", "canary") if self.has_two_tracks else ("rolling",)

    @property
    def running_track(self) -> str | None:
        """The only track that runs; None while both run."""
        return self.position if self.position in TRACKS else None


@dataclass(frozen=True)
class DeployedStage:
    """The deployed workloads stack of a stage."""

    status: str
    account: str
    services: Mapping[str, DeployedService]

    def require_complete(self) -> None:
        """Raise a ReleaseError while an operation of the stack runs, or where one has failed."""
        if self.status not in _COMPLETE:
            raise ReleaseError(
                f"the workloads stack is in {self.status}; allowed: {', '.join(_COMPLETE)}. Wait "
                "for the end of its operation, or see docs/runbooks/stuck-stack.md",
                ExitCode.REFUSED,
            )


def read_deployed_stage(client: Any, settings: StageSettings) -> DeployedStage:  # noqa: ANN401
    """Read the workloads stack.

    Args:
        client: a CloudFormation client in the Region of the stage.
        settings: the settings of the stage.

    Raises:
        ReleaseError: the stack does not exist.
    """
    name = settings.resource_name("workloads")
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except client.exceptions.ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise ReleaseError(
            f"the stack {name} does not exist; deploy the stage first (docs/first-deploy.md)",
            ExitCode.REFUSED,
        ) from None
    values = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
    services = {
        service: _service(service, values, outputs) for service in settings.services.by_name()
    }
    account = stack["StackId"].split(":")[4]
    return DeployedStage(stack["StackStatus"], account, services)


def _service(name: str, values: Mapping[str, str], outputs: Mapping[str, str]) -> DeployedService:
    prefix = name.capitalize()
    images = {BLUE: values[f"{prefix}Image"]}
    if f"{prefix}Traffic" in values:
        images[GREEN] = values[f"{prefix}GreenImage"]
    groups = {
        track: outputs[f"{prefix}{track.capitalize()}Targets"]
        for track in TRACKS
        if f"{prefix}{track.capitalize()}Targets" in outputs
    }
    position = values.get(f"{prefix}Traffic", BLUE)
    return DeployedService(name, images, position, outputs.get(f"{prefix}Rule", ""), groups)
