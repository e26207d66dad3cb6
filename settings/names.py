"""Names of AWS resources that stacks, charts and commands share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SecretNames:
    """The names of a stage's secrets in Secrets Manager."""

    prefix: str
    """The name of the stage with its project, such as spywatcher-staging."""

    @property
    def application(self) -> str:
        """The signing key of the backend, and the values that only people know."""
        return f"{self.prefix}/backend/application"

    @property
    def cache_token(self) -> str:
        """The AUTH token of Redis."""
        return f"{self.prefix}/cache/token"

    @property
    def database_admin(self) -> str:
        """The administrator of PostgreSQL, with the endpoint."""
        return f"{self.prefix}/database/admin"

    @property
    def database_application(self) -> str:
        """The application's user of PostgreSQL, with the endpoint."""
        return f"{self.prefix}/database/application"


def container_insights_log_group(cluster_name: str, kind: str) -> str:
    """Return the name of a log group of Container Insights, such as `application`."""
    return f"/aws/containerinsights/{cluster_name}/{kind}"
