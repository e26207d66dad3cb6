"""What the services are: facts about their images that no stage changes (application.md)."""

from dataclasses import dataclass


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


BACKEND = Service(
    name="backend",
    port=3001,
    liveness_path="/health/live",
    readiness_path="/health/ready",
    writable_paths=("/app/logs", "/tmp"),  # noqa: S108  the container's, not this machine's
)
FRONTEND = Service(
    name="frontend",
    port=80,
    liveness_path="/health",
    readiness_path="/",
    writable_paths=("/var/cache/nginx", "/var/run", "/tmp"),  # noqa: S108  as above
)
