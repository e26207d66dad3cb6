"""Service settings: what runs as pods behind the load balancer."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject


def _image(value: str) -> str:
    name = value.rpartition("/")[2]
    tag = name.partition("@")[0].partition(":")[2]
    digest = value.partition("@")[2]
    if value != value.strip() or not (tag or digest.startswith("sha256:")) or tag == "latest":
        raise ValueError("an image with a tag other than latest, or with a digest (@sha256:...)")
    return value


class ReplicaSettings(Settings):
    """How many pods a service runs; between the bounds, the autoscaler decides."""

    minimum: int = Field(ge=1, le=100)
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


class ServicesSettings(Settings):
    """The services of the application."""

    backend: ServiceSettings
    frontend: ServiceSettings
