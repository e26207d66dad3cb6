"""Settings of the backend itself: the environment variables that are not secret."""

from typing import Literal, Self

from pydantic import Field, model_validator

from settings.base import Settings, invalid_setting


class ApplicationSettings(Settings):
    """The environment variables of the backend that are not secret (application.md).

    The defaults are those of the existing deployment where it has them, and cautious elsewhere.
    """

    log_level: Literal["error", "warn", "info", "debug"] = "info"
    """The backend logs messages of this level and of more severe ones."""
    rate_limiting: bool = True
    """Whether the backend limits the requests of each client."""
    redis_rate_limiting: bool = True
    """Whether all pods count the requests of a client together, in Redis. Otherwise each pod
    counts alone, and a client may send the limit to every pod."""
    rate_limit_window_milliseconds: int = Field(900_000, ge=1000)
    """The time in which a client may send `rate_limit_requests`. The default is 15 minutes."""
    rate_limit_requests: int = Field(100, ge=1)
    """The requests that a client may send in the window. WAF limits each IP address before that,
    with `firewall.rate_limit_requests`."""
    ip_blocking: bool = True
    """Whether the backend refuses the requests of IP addresses that it has blocked."""
    load_shedding: bool = True
    """Whether an overloaded pod refuses requests, instead of answering all of them late."""
    database_pool_minimum: int = Field(2, ge=0)
    """The connections to PostgreSQL that each pod keeps open."""
    database_pool_maximum: int = Field(10, ge=1)
    """The connections to PostgreSQL that each pod may open. All pods share the connections that
    the instance class allows (`DatabaseClass.max_connections`)."""
    redis_retries: int = Field(3, ge=0)
    """How often the backend retries Redis (`REDIS_MAX_RETRIES`)."""
    redis_retry_delay_milliseconds: int = Field(1000, ge=1)
    """The time before such a retry (`REDIS_RETRY_DELAY`)."""
    access_token_minutes: int = Field(15, ge=1, le=1440)
    """The lifetime of an access token (JWT). The backend cannot revoke one before it expires."""
    refresh_token_days: int = Field(7, ge=1, le=90)
    """The lifetime of a refresh token (JWT). A user who is away for longer logs in again."""

    @model_validator(mode="after")
    def _check_pool_bounds(self) -> Self:
        if self.database_pool_minimum > self.database_pool_maximum:
            raise invalid_setting(
                "database_pool_minimum",
                self.database_pool_minimum,
                f"at most database_pool_maximum, {self.database_pool_maximum}",
            )
        return self
