"""What the services are: facts about their images that no stage changes (application.md)."""

from dataclasses import dataclass

USER_ID = 1001
"""Of user and group, in both images' containers."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A container of the application.

    The application writes only to `writable_paths`; the rest of its root is read-only.
    """

    name: str
    port: int
    liveness_path: str
    readiness_path: str
    writable_paths: tuple[str, ...]
    is_configured: bool
    """Whether it takes its environment from the ConfigMap and the Secret of its name."""


def volume_name(path: str) -> str:
    """Return what the volume of a writable path is called."""
    return path.strip("/").replace("/", "-")


BACKEND = Service(
    name="backend",
    port=3001,
    liveness_path="/health/live",
    readiness_path="/health/ready",
    writable_paths=("/app/logs", "/tmp"),  # noqa: S108  the container's, not this machine's
    is_configured=True,
)
FRONTEND = Service(
    name="frontend",
    port=80,
    liveness_path="/health",
    readiness_path="/",
    writable_paths=("/var/cache/nginx", "/var/run", "/tmp"),  # noqa: S108  as above
    is_configured=False,
)
