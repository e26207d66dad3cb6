"""The ConfigMap of the backend: its environment variables that are not secret.

The secret ones are in k8s/external_secrets.py.
"""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import BACKEND
from k8s.names import NAMESPACE, labels, object_name
from settings.application import ApplicationSettings


def add_configuration(scope: Construct, settings: ApplicationSettings, *, domain: str) -> None:
    """Add the ConfigMap of the backend. Reloader restarts the pods when it changes.

    Args:
        scope: The chart.
        settings: The application's settings.
        domain: The domain name of the site, which serves the frontend and the backend.
    """
    k8s.KubeConfigMap(
        scope,
        "configuration",
        metadata=k8s.ObjectMeta(
            name=object_name(BACKEND.name), namespace=NAMESPACE, labels=labels(BACKEND.name)
        ),
        data=_environment(settings, domain),
    )


def _environment(settings: ApplicationSettings, domain: str) -> dict[str, str]:
    """Return the variables. NODE_ENV is `production` in every stage, as the image is built."""
    site = f"https://{domain}"
    return {
        "NODE_ENV": "production",
        "PORT": str(BACKEND.port),
        "LOG_LEVEL": settings.log_level,
        "CORS_ORIGINS": site,
        "FRONTEND_URL": site,
        "ENABLE_RATE_LIMITING": _boolean(settings.rate_limiting),
        "ENABLE_REDIS_RATE_LIMITING": _boolean(settings.redis_rate_limiting),
        "RATE_LIMIT_WINDOW_MS": str(settings.rate_limit_window_milliseconds),
        "RATE_LIMIT_MAX_REQUESTS": str(settings.rate_limit_requests),
        "ENABLE_IP_BLOCKING": _boolean(settings.ip_blocking),
        "ENABLE_LOAD_SHEDDING": _boolean(settings.load_shedding),
        "DB_POOL_MIN": str(settings.database_pool_minimum),
        "DB_POOL_MAX": str(settings.database_pool_maximum),
        "REDIS_MAX_RETRIES": str(settings.redis_retries),
        "REDIS_RETRY_DELAY": str(settings.redis_retry_delay_milliseconds),
        "JWT_ACCESS_EXPIRES_IN": f"{settings.access_token_minutes}m",
        "JWT_REFRESH_EXPIRES_IN": f"{settings.refresh_token_days}d",
    }


def _boolean(value: bool) -> str:
    return "true" if value else "false"
