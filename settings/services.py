"""Service settings: what runs as pods behind the load balancer."""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject

IMAGE_PATTERN = r"^[^\s@]+(:(?!latest$)\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})$"
RELEASE_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$"


def _image(value: str) -> str:
    if not re.fullmatch(IMAGE_PATTERN, value):
        raise ValueError("an image with a tag other than latest, or with a digest (@sha256:...)")
    return value


MIN_AVAILABLE = 1
"""Pods of a service that stay up while nodes are drained (INFRASTRUCTURE.md, High Availability)."""


def _not_under_the_budget(minimum: int) -> int:
    if minimum < MIN_AVAILABLE:
        raise ValueError(f"at least {MIN_AVAILABLE}, which the disruption budget keeps available")
    return minimum


class ReplicaSettings(Settings):
    """How many pods a service runs; between the bounds, the autoscaler decides."""

    minimum: Annotated[int, Field(le=100), AfterValidator(_not_under_the_budget)]
    initial: int = Field(ge=1, le=100)
    """What the first deployment starts. Later ones leave the live count alone."""
    maximum: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.minimum <= self.initial <= self.maximum:
            found = f"{self.minimum}, {self.initial}, {self.maximum}"
            reject("", found, "minimum <= initial <= maximum")
        return self


class ResourceSettings(Settings):
    """What a pod asks for (the scheduler counts it) and what it may take at most."""

    cpu_request_millicores: int = Field(ge=10)
    cpu_limit_millicores: int = Field(ge=10)
    memory_request_mib: int = Field(ge=16)
    memory_limit_mib: int = Field(ge=16)

    @model_validator(mode="after")
    def _requests_within_limits(self) -> Self:
        for kind in ("cpu_request_millicores", "memory_request_mib"):
            limit = kind.replace("request", "limit")
            if getattr(self, kind) > getattr(self, limit):
                reject(kind, getattr(self, kind), f"at most {limit}, {getattr(self, limit)}")
        return self


class ServiceSettings(Settings):
    """One service: its image, its size and when it scales."""

    image: Annotated[str, AfterValidator(_image)]
    replicas: ReplicaSettings
    resources: ResourceSettings
    cpu_target_percent: int = Field(70, ge=1, le=100)
    memory_target_percent: int = Field(80, ge=1, le=100)
    requests_per_minute_per_pod: int | None = Field(None, ge=1)
    """Above it, pods are added; a minute late, since the load balancer counts by the minute. Left
    out, requests do not count."""


MAX_SURGE = 1
"""Pods that a rolling update runs beside a service's replicas (`maxSurge`)."""

DATABASE_BOOTSTRAP = ResourceSettings(
    cpu_request_millicores=50,
    cpu_limit_millicores=500,
    memory_request_mib=64,
    memory_limit_mib=128,
)
"""The Job that makes the database's roles. Migrations run as the backend does, and take as much."""


class NamespaceQuotaSettings(Settings):
    """What all pods of the namespace together may ask for, and take at most."""

    cpu_request_cores: int = Field(20, ge=1)
    cpu_limit_cores: int = Field(40, ge=1)
    memory_request_gib: int = Field(40, ge=1)
    memory_limit_gib: int = Field(80, ge=1)


class ServicesSettings(Settings):
    """The services of the application."""

    backend: ServiceSettings
    frontend: ServiceSettings
    release: Annotated[str, Field(pattern=RELEASE_PATTERN)] = "1-0-0"
    """Names the Jobs that run before the images: a new one whenever an image changes. Like the
    images it is only the first deployment's; later ones keep what they find."""
    quota: NamespaceQuotaSettings = NamespaceQuotaSettings()

    def by_name(self) -> Mapping[str, ServiceSettings]:
        """Return every service."""
        return {"backend": self.backend, "frontend": self.frontend}

    def peak_pods(self) -> list[tuple[str, int, ResourceSettings]]:
        """Return the pods of the busiest hour, a release at maximum scale: what, how many, size."""
        return [
            *(
                (name, each.replicas.maximum + MAX_SURGE, each.resources)
                for name, each in self.by_name().items()
            ),
            ("migrations", 1, self.backend.resources),
            ("database-bootstrap", 1, DATABASE_BOOTSTRAP),
        ]

    @model_validator(mode="after")
    def _within_quota(self) -> Self:
        for setting, resource, unit, unit_size in (
            ("cpu_request_cores", "cpu_request_millicores", "cores", 1000),
            ("cpu_limit_cores", "cpu_limit_millicores", "cores", 1000),
            ("memory_request_gib", "memory_request_mib", "GiB", 1024),
            ("memory_limit_gib", "memory_limit_mib", "GiB", 1024),
        ):
            needed = sum(count * getattr(pod, resource) for _, count, pod in self.peak_pods())
            least = math.ceil(needed / unit_size)
            if least > getattr(self.quota, setting):
                reject(
                    f"quota.{setting}", getattr(self.quota, setting),
                    f"at least {least} {unit}: the services at maximum replicas, {MAX_SURGE} more "
                    "of each for a rolling update, and the database's Jobs",
                )  # fmt: skip
        return self
