"""The plain part of the backend's environment; its secrets are in k8s/external_secrets.py."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import BACKEND
from k8s.names import NAMESPACE, labels, object_name
from settings.application import ApplicationSettings


def configuration(
    scope: Construct, settings: ApplicationSettings, *, domain: str
) -> k8s.KubeConfigMap:
    """Make the ConfigMap of the backend. Reloader restarts the pods when it changes.

    Args:
        scope: the chart.
        settings: the application's settings.
        domain: under which browsers reach frontend and backend alike.
    """
    return k8s.KubeConfigMap(
        scope,
        "configuration",
        metadata=k8s.ObjectMeta(
            name=object_name(BACKEND.name), namespace=NAMESPACE, labels=labels(BACKEND.name)
        ),
        data=environment(settings, domain),
    )


def environment(settings: ApplicationSettings, domain: str) -> dict[str, str]:
    """Return the variables. Both stages run as `production`, which is how the image is built."""
    site = f"https://{domain}"
    return {
        "NODE_ENV": "production",
        "PORT": str(BACKEND.port),
        "LOG_LEVEL": settings.log_level,
        "CORS_ORIGINS": site,
        "FRONTEND_URL": site,
        "ENABLE_RATE_LIMITING": _flag(settings.rate_limiting),
        "ENABLE_REDIS_RATE_LIMITING": _flag(settings.redis_rate_limiting),
        "RATE_LIMIT_WINDOW_MS": str(settings.rate_limit_window_milliseconds),
        "RATE_LIMIT_MAX_REQUESTS": str(settings.rate_limit_requests),
        "ENABLE_IP_BLOCKING": _flag(settings.ip_blocking),
        "ENABLE_LOAD_SHEDDING": _flag(settings.load_shedding),
        "DB_POOL_MIN": str(settings.database_pool_minimum),
        "DB_POOL_MAX": str(settings.database_pool_maximum),
        "REDIS_MAX_RETRIES": str(settings.redis_retries),
        "REDIS_RETRY_DELAY": str(settings.redis_retry_delay_milliseconds),
        "JWT_ACCESS_EXPIRES_IN": f"{settings.access_token_minutes}m",
        "JWT_REFRESH_EXPIRES_IN": f"{settings.refresh_token_days}d",
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"
