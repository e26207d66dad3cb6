"""Other valid values of the settings whose annotation does not lead to one.

Each entry lists changes: the values after the change by their dotted keys. Where a rule of the
model combines settings, the change sets the other ones too. An entry with `before` sets values that
the stage must have before the change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]
"""Values by the dotted keys of their settings."""


@dataclass(frozen=True)
class OtherValue:
    """Another value of a setting."""

    after: Values
    before: Values = field(default_factory=dict)


_MONITOR = "arn:aws:ce::111111111111:anomalymonitor/"
_BACKUPS = "arn:aws:rds:us-east-1:111111111111:auto-backup:ab-"
_IMAGES = "ghcr.io/subculture-collective/spywatcher-"

_GENERATIONS: Values = {
    "database.generations": [
        {"number": 1},
        {"number": 2, "restore_from_snapshot": "first-snapshot"},
        {"number": 3, "restore_from_snapshot": "second-snapshot"},
        {
            "number": 4,
            "restore_to_time": "latest",
            "restore_source_resource_id": "db-ABCDEFGHIJKL",
        },
        {
            "number": 5,
            "restore_to_time": "latest",
            "restore_source_backups_arn": f"{_BACKUPS}0123456789abcdef0",
        },
    ],
    "database.active_generation": 2,
}
"""A retired generation, the active one, and three that were restored beside them."""


def _generation(position: int, key: str, value: object) -> Sequence[OtherValue]:
    """Return the change of one generation."""
    after = {f"database.generations.{position}.{key}": value}
    return [OtherValue(before=_GENERATIONS, after=after)]


def _replicas(service: str) -> Mapping[str, Sequence[OtherValue]]:
    """Return the replicas of a service, which must be in order."""
    key = f"services.{service}.replicas"
    return {
        f"{key}.minimum": [
            OtherValue({f"{key}.minimum": 1}),
            OtherValue({f"{key}.minimum": 2, f"{key}.initial": 2}),
        ],
        f"{key}.initial": [
            OtherValue({f"{key}.initial": 2}),
            OtherValue({f"{key}.initial": 3, f"{key}.maximum": 5}),
        ],
    }


def _delivery(service: str, smoke_path: str) -> Mapping[str, Sequence[OtherValue]]:
    """Return the releases of a service, whose steps each have a bake."""
    key = f"services.{service}.delivery"
    return {
        f"{key}.steps": [OtherValue({f"{key}.steps": [10, 50]})],
        f"{key}.bake_minutes": [OtherValue({f"{key}.bake_minutes": [12, 8, 8, 8]})],
        f"{key}.final_bake_minutes": [OtherValue({f"{key}.final_bake_minutes": 6})],
        f"{key}.smoke_paths": [OtherValue({f"{key}.smoke_paths": [smoke_path]})],
    }


SECTIONS: Mapping[str, Values] = {
    "database.second_region": {
        "region": "us-west-2",
        "kms_key_arn": "arn:aws:kms:us-west-2:111111111111:key/"
        "12345678-1234-1234-1234-123456789012",
        "retention_days": 7,
    },
    "monitoring.subscriptions.slack": {
        "workspace_id": "T012ABCDEFG",
        "critical_channel_id": "C012ABCDEFG",
        "warning_channel_id": "C012ABCDEFH",
    },
}
"""The values of the sections that no stage has."""

OTHER_VALUES: Mapping[str, Sequence[OtherValue]] = {
    "account": [OtherValue({"account": "111111111111"})],
    "region": [
        OtherValue(
            {
                "region": "eu-west-1",
                "availability_zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
            }
        )
    ],
    "availability_zones": [
        OtherValue({"availability_zones": ["us-east-1a", "us-east-1b", "us-east-1d"]})
    ],
    "domain.name": [OtherValue({"domain.name": "watch.example.com"})],
    "domain.hosted_zone_id": [OtherValue({"domain.hosted_zone_id": "Z00000000000000000002"})],
    "domain.hosted_zone_name": [
        OtherValue({"domain.hosted_zone_name": "spywatcher.example.com"}),
    ],
    "domain.certificate_arn": [
        OtherValue(
            {
                "domain.certificate_arn": "arn:aws:acm:us-east-1:111111111111:certificate/"
                "12345678-1234-1234-1234-123456789012"
            }
        )
    ],
    "network.cidr": [OtherValue({"network.cidr": "10.64.0.0/16"})],
    "access.permission_sets.admin": [OtherValue({"access.permission_sets.admin": ["Admins"]})],
    "access.permission_sets.reader": [OtherValue({"access.permission_sets.reader": ["Readers"]})],
    "access.permission_sets.on_call": [OtherValue({"access.permission_sets.on_call": ["OnCall"]})],
    "access.github_repository": [
        OtherValue({"access.github_repository": "octo-org@123456/octo-repo@456789"})
    ],
    "account_wide.access_analyzer_name": [
        OtherValue({"account_wide.access_analyzer_name": "external-access"})
    ],
    "account_wide.anomaly_monitor": [
        OtherValue({"account_wide.anomaly_monitor": "none"}),
        OtherValue(
            {
                "account_wide.anomaly_monitor": "use",
                "account_wide.anomaly_monitor_arn": f"{_MONITOR}"
                "12345678-1234-1234-1234-123456789012",
            }
        ),
    ],
    "account_wide.anomaly_monitor_arn": [
        OtherValue(
            before={
                "account_wide.anomaly_monitor": "use",
                "account_wide.anomaly_monitor_arn": f"{_MONITOR}"
                "12345678-1234-1234-1234-123456789012",
            },
            after={
                "account_wide.anomaly_monitor": "use",
                "account_wide.anomaly_monitor_arn": f"{_MONITOR}"
                "12345678-1234-1234-1234-123456789013",
            },
        )
    ],
    "account_wide.permissions_boundary": [
        OtherValue({"account_wide.permissions_boundary": "team/developers"})
    ],
    "database.engine_version": [
        OtherValue(
            {"database.engine_version": "15.17", "database.auto_minor_version_upgrade": False}
        ),
        OtherValue(
            before={
                "database.engine_version": "15.16",
                "database.auto_minor_version_upgrade": False,
            },
            after={
                "database.engine_version": "15.17",
                "database.auto_minor_version_upgrade": False,
            },
        ),
    ],
    "database.storage_gib": [OtherValue({"database.storage_gib": 200})],
    "database.max_storage_gib": [
        OtherValue({"database.max_storage_gib": None}),
        OtherValue({"database.max_storage_gib": 600}),
    ],
    "database.generations": [
        OtherValue(
            {
                "database.generations": [
                    {"number": 1},
                    {"number": 2, "restore_from_snapshot": "first-snapshot"},
                ]
            }
        ),
        OtherValue(
            before=_GENERATIONS,
            after={"database.generations": _GENERATIONS["database.generations"][1:]},
        ),
    ],
    "database.generations.number": _generation(2, "number", 6),
    "database.generations.restore_from_snapshot": _generation(
        2, "restore_from_snapshot", "third-snapshot"
    ),
    "database.generations.restore_to_time": _generation(
        4, "restore_to_time", "2026-01-01T08:30:00Z"
    ),
    "database.generations.restore_source_resource_id": _generation(
        3, "restore_source_resource_id", "db-ABCDEFGHIJKM"
    ),
    "database.generations.restore_source_backups_arn": _generation(
        4, "restore_source_backups_arn", f"{_BACKUPS}0123456789abcdef1"
    ),
    "database.generations.admin_password_from_secret": _generation(
        2, "admin_password_from_secret", True
    ),
    "database.generations.retiring": _generation(0, "retiring", True),
    "database.active_generation": [
        OtherValue(before=_GENERATIONS, after={"database.active_generation": 5})
    ],
    "database.second_region.region": [
        OtherValue(
            {
                "database.second_region": {
                    "region": "us-east-2",
                    "kms_key_arn": "arn:aws:kms:us-east-2:111111111111:key/"
                    "12345678-1234-1234-1234-123456789012",
                }
            }
        )
    ],
    "database.second_region.kms_key_arn": [
        OtherValue(
            {
                "database.second_region.kms_key_arn": "arn:aws:kms:us-west-2:111111111111:key/"
                "12345678-1234-1234-1234-123456789013"
            }
        )
    ],
    "cluster.kubernetes_version": [OtherValue({"cluster.kubernetes_version": "1.34"})],
    "cluster.public_access_ranges": [
        OtherValue({"cluster.public_access_ranges": ["198.51.100.0/24"]})
    ],
    "cluster.add_on_versions": [
        OtherValue({"cluster.add_on_versions": {"kube-proxy": "v1.35.3-eksbuild.13"}})
    ],
    "cluster.nodes.max_nodes": [
        OtherValue({"cluster.nodes.max_nodes": 12}),
    ],
    **_replicas("backend"),
    **_replicas("frontend"),
    **_delivery("backend", "/health/live"),
    **_delivery("frontend", "/login"),
    "services.backend.image": [OtherValue({"services.backend.image": f"{_IMAGES}backend:1.1.0"})],
    "services.frontend.image": [
        OtherValue({"services.frontend.image": f"{_IMAGES}frontend:1.1.0"})
    ],
    "services.backend.requests_per_minute_per_pod": [
        OtherValue({"services.backend.requests_per_minute_per_pod": None}),
        OtherValue({"services.backend.requests_per_minute_per_pod": 2000}),
    ],
    "services.frontend.requests_per_minute_per_pod": [
        OtherValue({"services.frontend.requests_per_minute_per_pod": 2000})
    ],
    "services.release": [OtherValue({"services.release": "1-1-0"})],
    "services.private_registry": [OtherValue({"services.private_registry": "ghcr.io"})],
    "maintenance.weekly_window": [
        OtherValue({"maintenance.weekly_window": "sat:02:00-sat:04:00"}),
        OtherValue({"maintenance.weekly_window": "sun:23:00-mon:00:30"}),
    ],
    "maintenance.kubernetes_upgrade_months": [
        OtherValue({"maintenance.kubernetes_upgrade_months": [2, 6, 10]})
    ],
    "maintenance.daily_backup_window": [
        OtherValue({"maintenance.daily_backup_window": "05:30-06:30"})
    ],
    "monitoring.business.tiers": [
        OtherValue({"monitoring.business.tiers": ["FREE", "PRO", "ENTERPRISE", "TEAM"]}),
        OtherValue({"monitoring.business.tiers": ["FREE"]}),
    ],
    "monitoring.business.features": [
        OtherValue({"monitoring.business.features": ["heatmap", "export"]})
    ],
    "monitoring.business_hours.time_zone": [
        OtherValue({"monitoring.business_hours.time_zone": "Europe/Berlin"})
    ],
    "monitoring.business_hours.days": [
        OtherValue({"monitoring.business_hours.days": ["mon", "sat"]})
    ],
    "monitoring.business_hours.start": [OtherValue({"monitoring.business_hours.start": "08:00"})],
    "monitoring.business_hours.end": [OtherValue({"monitoring.business_hours.end": "24:00"})],
    "monitoring.subscriptions.critical": [
        OtherValue({"monitoring.subscriptions.critical": ["on-call@example.com"]})
    ],
    "monitoring.subscriptions.warning": [
        OtherValue({"monitoring.subscriptions.warning": ["https://hooks.example.com/warnings"]})
    ],
    "monitoring.subscriptions.slack.workspace_id": [
        OtherValue({"monitoring.subscriptions.slack.workspace_id": "T012ABCDEFH"})
    ],
    "monitoring.subscriptions.slack.critical_channel_id": [
        OtherValue({"monitoring.subscriptions.slack.critical_channel_id": "C012ABCDEFJ"})
    ],
    "monitoring.subscriptions.slack.warning_channel_id": [
        OtherValue({"monitoring.subscriptions.slack.warning_channel_id": "C012ABCDEFJ"})
    ],
}
