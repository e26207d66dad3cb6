"""The faults of container images: how the pods of an image behave in the embedded AWS.

No container runs without a Docker engine. The pods of each image are healthy and answer requests
with status 200, unless `/_local/image-faults` gives the image a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

HEALTH_STATES = ("healthy", "initial", "unhealthy")
_STATUSES = range(200, 600)


class ImageFaultError(ValueError):
    """The fault cannot be used. The text names what is allowed."""


@dataclass(frozen=True)
class ImageFault:
    """The behaviour of the pods of an image."""

    starts: bool = True
    """Whether the pods become ready. A Deployment of pods that do not is not rolled out."""
    health: str = "healthy"
    """The health of the pods as targets: one of HEALTH_STATES."""
    http_status: int = 200
    """The status of their responses to requests that the load balancer forwards."""
    update_seconds: float = 0
    """How long an update of a stack takes to apply or delete a Deployment with the image."""
    pods: int | None = None
    """The most pods that run; None if all do."""

    @classmethod
    def parse(cls, image: str, values: object) -> ImageFault:
        """Return the fault of an image from its JSON value.

        Raises:
            ImageFaultError: a key or a value is not allowed.
        """
        allowed = [field.name for field in fields(cls)]
        if not isinstance(values, Mapping) or not values.keys() <= set(allowed):
            raise ImageFaultError(f"{image}: allowed: an object with {', '.join(allowed)}")
        fault = cls(**values)
        if not isinstance(fault.starts, bool):
            raise ImageFaultError(f"{image}: starts: allowed: true or false")
        if fault.health not in HEALTH_STATES:
            raise ImageFaultError(f"{image}: health: allowed: {', '.join(HEALTH_STATES)}")
        if fault.http_status not in _STATUSES:
            raise ImageFaultError(f"{image}: http_status: allowed: 200 to 599")
        if not isinstance(fault.update_seconds, (int, float)) or fault.update_seconds < 0:
            raise ImageFaultError(f"{image}: update_seconds: allowed: a number from 0")
        if fault.pods is not None and (not isinstance(fault.pods, int) or fault.pods < 0):
            raise ImageFaultError(f"{image}: pods: allowed: null, or a number from 0")
        return fault


class ImageFaults:
    """The faults by the name of the image, as a Deployment has it."""

    def __init__(self) -> None:
        self._faults: dict[str, ImageFault] = {}

    def of(self, image: str) -> ImageFault:
        """Return the fault of an image; one without effect if it has none."""
        return self._faults.get(image, ImageFault())

    def of_deployment(self, deployment: Mapping[str, Any]) -> ImageFault:
        """Return the fault of the image of a Deployment's first container."""
        return self.of(str(deployment["spec"]["template"]["spec"]["containers"][0]["image"]))

    def replace(self, faults: object) -> None:
        """Replace all faults by those of a JSON object.

        Raises:
            ImageFaultError: a fault cannot be used. The faults remain as they were.
        """
        if not isinstance(faults, Mapping):
            raise ImageFaultError("allowed: an object with a fault for each name of an image")
        self._faults = {image: ImageFault.parse(image, value) for image, value in faults.items()}

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return the faults as JSON."""
        return {image: asdict(fault) for image, fault in self._faults.items()}
