"""Settings with every optional part of a stage, and with none of them."""

from settings import StageSettings, load_stage
from tests.stacks.data.variants import change_settings, recovered_production

_CERTIFICATE = "arn:aws:acm:us-east-1:111111111111:certificate/12345678-1234-1234-1234-123456789012"


def all_optional_parts() -> StageSettings:
    """Return production after a recovery, with every optional part of the other stacks."""
    return change_settings(
        recovered_production(),
        network={"interface_endpoints": ("ecr.api", "sts")},
        firewall={"shield_advanced": True},
        services={"private_registry": "ghcr.io"},
        monitoring={
            "subscriptions": {
                "critical": ["https://pages.example.com"],
                "warning": ["team@example.com"],
                "slack": {
                    "workspace_id": "T0123ABCD",
                    "critical_channel_id": "C0123ABCD",
                    "warning_channel_id": "C0123ABCE",
                },
            }
        },
    )


def no_optional_parts() -> StageSettings:
    """Return staging without what its settings can leave out."""
    staging = load_stage("staging")
    backend = staging.services.backend.model_copy(update={"requests_per_minute_per_pod": None})
    return change_settings(
        staging,
        database={
            "performance_insights": False,
            "enhanced_monitoring_seconds": 0,
            "backup_retention_days": 0,
        },
        domain={"certificate_arn": _CERTIFICATE},
        services={"backend": backend.model_dump()},
        account_wide={
            "github_oidc_provider": "use",
            "access_analyzer": "none",
            "guardduty": "none",
            "config_recorder": "none",
            "conformance_pack": False,
            "anomaly_monitor": "none",
        },
    )


def unprotected_production() -> StageSettings:
    """Return production as it is deployed for the first time."""
    return load_stage("production").model_copy(update={"deletion_protection": False})
