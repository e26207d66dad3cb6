"""The services of the application: facts about their images that no stage changes.

Source: application.md.
"""

from dataclasses import dataclass

USER_ID = 1001
"""The user id and the group id in the containers of both images."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service of the application: an image that listens on one port.

    The root file system of its containers is read-only, except for `writable_paths`.
    """

    name: str
    port: int
    liveness_path: str
    readiness_path: str
    writable_paths: tuple[str, ...]
    has_configuration: bool
    """Whether it reads environment variables from the ConfigMap and the Secret of its name."""


def volume_name(path: str) -> str:
    """Return the name of the volume that is mounted at a writable path."""
    return path.strip("/").replace("/", "-")


BACKEND = Service(
    name="backend",
    port=3001,
    liveness_path="/health/live",
    readiness_path="/health/ready",
    writable_paths=("/app/logs", "/tmp"),  # noqa: S108  the container's, not this machine's
    has_configuration=True,
)
FRONTEND = Service(
    name="frontend",
    port=80,
    liveness_path="/health",
    readiness_path="/",
    writable_paths=("/var/cache/nginx", "/var/run", "/tmp"),  # noqa: S108  as above
    has_configuration=False,
)
