"""Application settings: the plain part of the backend's environment."""

from typing import Literal, Self

from pydantic import Field, model_validator

from settings.base import Settings, reject


class ApplicationSettings(Settings):
    """What the backend is told beside its secrets.

    Defaults are those of the existing deployment, or cautious where it leaves them open.
    """

    log_level: Literal["error", "warn", "info", "debug"] = "info"
    rate_limiting: bool = True
    redis_rate_limiting: bool = True
    """Whether pods count a client's requests together, in Redis."""
    rate_limit_window_milliseconds: int = Field(900_000, ge=1000)
    rate_limit_requests: int = Field(100, ge=1)
    """Requests of one client in a window. The firewall's own limit is firewall.requests_per_ip."""
    ip_blocking: bool = True
    load_shedding: bool = True
    """Whether a pod that is too busy refuses requests, instead of answering all of them late."""
    database_pool_minimum: int = Field(2, ge=0)
    database_pool_maximum: int = Field(10, ge=1)
    """Connections of one pod to PostgreSQL."""
    redis_retries: int = Field(3, ge=0)
    redis_retry_delay_milliseconds: int = Field(1000, ge=1)
    access_token_minutes: int = Field(15, ge=1, le=1440)
    refresh_token_days: int = Field(7, ge=1, le=90)

    @model_validator(mode="after")
    def _pool_in_order(self) -> Self:
        if self.database_pool_minimum > self.database_pool_maximum:
            reject(
                "database_pool_minimum",
                self.database_pool_minimum,
                f"at most database_pool_maximum, {self.database_pool_maximum}",
            )
        return self
