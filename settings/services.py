"""Settings of the services: their images, their replicas and their resources."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, invalid_setting
from settings.delivery import DeliverySettings
from settings.field_types import matching
from settings.registries import REGISTRIES, find_registry, image_registry

_REFERENCE_PATTERN = r"[^\s@]+(:(?!latest$)\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})"
"""An image with a tag other than latest, or with a digest, so that its content is known."""
IMAGE_PATTERN = f"^({'|'.join(registry.host for registry in REGISTRIES)})/{_REFERENCE_PATTERN}$"
"""Such an image of a registry that the nodes reach (settings/registries.py)."""
RELEASE_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$"
"""A part of the name of a Kubernetes Job."""

BACKEND_PATH_PREFIXES = ("/api/", "/health/", "/socket.io/")
"""The load balancer sends these paths to the backend, and all others to the frontend
(application.md)."""

MIN_AVAILABLE = 1
"""The pods of each service that its disruption budget keeps available while nodes are drained
(INFRASTRUCTURE.md, High Availability)."""
MAX_SURGE = 1
"""The pods that a rolling update adds to the replicas of a service (application.md)."""


def _check_image(value: str) -> str:
    if not re.fullmatch(_REFERENCE_PATTERN, value):
        raise ValueError("an image with a tag other than latest, or with a digest (@sha256:...)")
    repository = re.split(r":[\w.-]+$|@", value)[0].partition("/")[2]
    if repository != repository.lower():
        raise ValueError(f"an image in lower case, except for the tag: {repository.lower()}")
    if find_registry(value) is None:
        raise ValueError(
            "an image of ghcr.io, public.ecr.aws, registry.k8s.io or a private registry of Amazon "
            f"ECR; settings/registries.py does not say where {image_registry(value)} keeps layers"
        )
    return value


def _check_disruption_budget(minimum: int) -> int:
    if minimum < MIN_AVAILABLE:
        raise ValueError(f"at least {MIN_AVAILABLE}, which the disruption budget keeps available")
    return minimum


class ReplicaSettings(Settings):
    """The number of pods of a service. The HorizontalPodAutoscaler changes it within the bounds."""

    minimum: Annotated[int, Field(le=100), AfterValidator(_check_disruption_budget)]
    """The autoscaler keeps at least this many pods."""
    initial: int = Field(ge=1, le=100)
    """The pods that the first deployment starts. Later deployments keep the present number."""
    maximum: int = Field(ge=1, le=100)
    """The autoscaler adds pods up to this number."""

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if not self.minimum <= self.initial <= self.maximum:
            found = f"{self.minimum}, {self.initial}, {self.maximum}"
            raise invalid_setting("", found, "minimum <= initial <= maximum")
        return self


class ResourceSettings(Settings):
    """The resource requests and limits of a pod.

    Kubernetes schedules a pod by its requests. It throttles a pod at its processor limit, and stops
    a container that exceeds its memory limit.
    """

    cpu_request_millicores: int = Field(ge=10)
    cpu_limit_millicores: int = Field(ge=10)
    memory_request_mib: int = Field(ge=16)
    memory_limit_mib: int = Field(ge=16)

    @model_validator(mode="after")
    def _check_requests_within_limits(self) -> Self:
        for request in ("cpu_request_millicores", "memory_request_mib"):
            limit = request.replace("request", "limit")
            if getattr(self, request) > getattr(self, limit):
                raise invalid_setting(
                    request, getattr(self, request), f"at most {limit}, {getattr(self, limit)}"
                )
        return self


class ServiceSettings(Settings):
    """A service: its image, its size, and the targets of its autoscaler."""

    image: Annotated[str, AfterValidator(_check_image)]
    """The image of the first deployment. Later deployments of the stage keep the present image,
    which a release sets."""
    replicas: ReplicaSettings
    resources: ResourceSettings
    cpu_target_percent: int = Field(70, ge=1, le=100)
    """The autoscaler adds pods when their average processor usage exceeds this percentage of their
    requests. The default is the design's (INFRASTRUCTURE.md, Horizontal Scaling)."""
    memory_target_percent: int = Field(80, ge=1, le=100)
    """The same percentage for memory."""
    requests_per_minute_per_pod: int | None = Field(None, ge=1)
    """The autoscaler adds pods when the load balancer sends each of them more requests. It does so
    a minute late, because the load balancer counts by the minute. By default, requests do not
    scale the service."""
    delivery: DeliverySettings = DeliverySettings()
    """How a release replaces the running image."""


DATABASE_BOOTSTRAP = ResourceSettings(
    cpu_request_millicores=50,
    cpu_limit_millicores=500,
    memory_request_mib=64,
    memory_limit_mib=128,
)
"""The pod of the Job that creates the roles in the database. The pod of the Job that migrates the
database has the image and the resources of the backend."""


PeakPods = tuple[str, int, ResourceSettings]
"""The name, the number and the resources of pods that run at the same time."""


class NamespaceQuotaSettings(Settings):
    """The resource quota of the namespace. The defaults are the existing deployment's."""

    cpu_request_cores: int = Field(20, ge=1)
    cpu_limit_cores: int = Field(40, ge=1)
    memory_request_gib: int = Field(40, ge=1)
    memory_limit_gib: int = Field(80, ge=1)

    def exceeded(self, pods: Sequence[PeakPods]) -> Mapping[str, tuple[int, str]]:
        """Return the least value and the unit of each setting that is too low for some pods."""
        required = {
            setting: (
                math.ceil(sum(n * getattr(size, resource) for _, n, size in pods) / unit_size),
                unit,
            )
            for setting, resource, unit, unit_size in (
                ("cpu_request_cores", "cpu_request_millicores", "cores", 1000),
                ("cpu_limit_cores", "cpu_limit_millicores", "cores", 1000),
                ("memory_request_gib", "memory_request_mib", "GiB", 1024),
                ("memory_limit_gib", "memory_limit_mib", "GiB", 1024),
            )
        }
        return {
            setting: (least, unit)
            for setting, (least, unit) in required.items()
            if least > getattr(self, setting)
        }


class ServicesSettings(Settings):
    """The services of the application."""

    backend: ServiceSettings
    frontend: ServiceSettings
    release: Annotated[
        str,
        matching(RELEASE_PATTERN, "1 to 20 lower-case letters, digits and hyphens, as in 1-4-0"),
    ] = "1-0-0"
    """The name of the first release. The Jobs that run before the pods are named after it. A
    release sets a new name with the images, and later deployments of the stage keep it."""
    private_registry: str | None = None
    """The registry of images that only a user with a token may pull, such as ghcr.io. Set the value
    REGISTRY_CREDENTIALS of the application secret to the user and the token. Nodes pull from
    Amazon ECR with their own role, without credentials."""
    quota: NamespaceQuotaSettings = NamespaceQuotaSettings()

    def by_name(self) -> Mapping[str, ServiceSettings]:
        """Return every service, by its name."""
        return {"backend": self.backend, "frontend": self.frontend}

    def peak_pods(self) -> list[PeakPods]:
        """Return the pods during a release at maximum scale."""
        return [
            *(
                (name, service.replicas.maximum + MAX_SURGE, service.resources)
                for name, service in self.by_name().items()
            ),
            ("migrations", 1, self.backend.resources),
            ("database-bootstrap", 1, DATABASE_BOOTSTRAP),
        ]

    @model_validator(mode="after")
    def _check_smoke_paths(self) -> Self:
        """Check that the load balancer sends each path to its service."""
        for name, service in self.by_name().items():
            for path in service.delivery.smoke_paths:
                if path.startswith(BACKEND_PATH_PREFIXES) != (name == "backend"):
                    prefixes = ", ".join(BACKEND_PATH_PREFIXES)
                    raise invalid_setting(
                        f"{name}.delivery.smoke_paths",
                        path,
                        f"paths that the load balancer sends to the {name}; those of the backend "
                        f"begin with {prefixes}",
                    )
        return self

    @model_validator(mode="after")
    def _check_private_registry(self) -> Self:
        used = {image_registry(service.image) for service in self.by_name().values()}
        with_credentials = sorted(host for host in used if not host.endswith(".amazonaws.com"))
        if self.private_registry is not None and self.private_registry not in with_credentials:
            allowed = ", ".join(with_credentials) or "none: nodes pull from ECR with their role"
            raise invalid_setting(
                "private_registry", self.private_registry, f"the registry of an image: {allowed}"
            )
        return self

    @model_validator(mode="after")
    def _check_quota(self) -> Self:
        for setting, (least, unit) in self.quota.exceeded(self.peak_pods()).items():
            raise invalid_setting(
                f"quota.{setting}",
                getattr(self.quota, setting),
                f"at least {least} {unit}: the services at maximum replicas, {MAX_SURGE} more of "
                "each for a rolling update, and the database's Jobs",
            )
        return self
