"""Settings of a stage that differ from its file in one value, for each setting in turn."""

import copy
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from settings import StageSettings

Path = tuple[str, ...]

OTHER_VALUES: Mapping[str, tuple[Any, ...]] = {
    "account": ("222222222222",),
    "availability_zones": (("us-east-1a", "us-east-1b", "us-east-1d"),),
    "domain.name": ("another.spywatcher.example.com", "another.example.com"),
    "domain.hosted_zone_id": ("Z00000000000000000009",),
    "domain.hosted_zone_name": ("spywatcher.example.com", "com"),
    "domain.certificate_arn": (
        "arn:aws:acm:us-east-1:111111111111:certificate/12345678-1234-1234-1234-123456789012",
    ),
    "network.cidr": ("10.9.0.0/16",),
    "network.interface_endpoints": (("logs",),),
    "access.permission_sets.admin": (("Administrators",),),
    "access.permission_sets.reader": (("Readers",),),
    "access.permission_sets.on_call": (("OnCall",),),
    "account_wide.guardduty_features": (("S3_DATA_EVENTS",),),
    "account_wide.permissions_boundary": ("Boundary",),
    "database.max_storage_gib": (1000,),
    "database.second_region": (
        {
            "region": "us-west-2",
            "kms_key_arn": "arn:aws:kms:us-west-2:111111111111:key/1234abcd",
        },
    ),
    "cluster.kubernetes_version": ("1.34",),
    "cluster.nodes.instance_type": ("t3.large", "t3.xlarge"),
    "cluster.public_access_ranges": (("203.0.113.0/24",),),
    "services.frontend.requests_per_minute_per_pod": (1000,),
    "services.private_registry": ("ghcr.io",),
    "maintenance.weekly_window": ("tue:06:00-tue:07:00",),
    "maintenance.kubernetes_upgrade_week": (3,),
    "maintenance.daily_backup_window": ("05:00-05:30",),
    "monitoring.business_hours.time_zone": ("Europe/Berlin",),
    "monitoring.business_hours.start": ("08:00",),
    "monitoring.business_hours.end": ("18:00",),
    "monitoring.subscriptions.slack": (
        {
            "workspace_id": "T0123456789",
            "critical_channel_id": "C0123456789",
            "warning_channel_id": "C0123456780",
        },
    ),
    "monitoring.subscriptions.critical": (("on-call@example.com",),),
    "monitoring.subscriptions.warning": (("team@example.com",),),
    "cost.malware_scanned_gib": (1.0,),
}
"""Values of the settings for which `_other_values` finds none."""

COMBINED_CHANGES: tuple[Mapping[str, Any], ...] = (
    {
        "region": "us-west-2",
        "availability_zones": ("us-west-2a", "us-west-2b", "us-west-2c"),
    },
    {
        "account_wide.anomaly_monitor": "use",
        "account_wide.anomaly_monitor_arn": "arn:aws:ce::111111111111:anomalymonitor/"
        "12345678-1234-1234-1234-123456789012",
    },
    {"database.engine_version": "15.17", "database.auto_minor_version_upgrade": False},
    {
        "database.active_generation": 2,
        "database.generations": (
            {"number": 1, "retiring": True},
            {
                "number": 2,
                "restore_to_time": "latest",
                "restore_source_resource_id": "db-ABCDEFGHIJKLMNOPQRST",
                "admin_password_from_secret": True,
            },
        ),
    },
    {
        "services.backend.replicas": {"minimum": 2, "initial": 2, "maximum": 3},
    },
    {
        "services.frontend.replicas": {"minimum": 2, "initial": 2, "maximum": 3},
    },
)
"""Settings that have other values only together. The first key names the change."""


def changed_settings(
    settings: StageSettings, other: StageSettings
) -> Iterator[tuple[str, StageSettings]]:
    """Yield the key of each setting, with valid settings that have another value of it.

    Args:
        settings: The settings of a stage.
        other: The settings of another stage, whose values are tried too.
    """
    for changes in COMBINED_CHANGES:
        if changed := change_settings(settings, changes):
            yield next(iter(changes)), changed
    for path, value, annotation in _leaves(settings):
        key = ".".join(path)
        candidates = [*OTHER_VALUES.get(key, ()), _value_at(other, path)]
        candidates += _other_values(value, annotation)
        for candidate in candidates:
            if candidate != value and (changed := change_settings(settings, {key: candidate})):
                yield key, changed
                break


def change_settings(settings: StageSettings, changes: Mapping[str, Any]) -> StageSettings | None:
    """Return the settings with other values of dotted keys; None if they are not valid."""
    document = copy.deepcopy(settings.model_dump())
    for key, value in changes.items():
        *parents, last = key.split(".")
        section = document
        for parent in parents:
            section = section[parent]
        section[last] = value
    try:
        return StageSettings.model_validate(document)
    except ValidationError:
        return None


def setting_keys(settings: StageSettings) -> list[str]:
    """Return the dotted keys of all settings."""
    return [".".join(path) for path, _, _ in _leaves(settings)]


def _leaves(model: BaseModel, path: Path = ()) -> Iterator[tuple[Path, Any, object]]:
    """Yield the path, the value and the annotation of each setting that is not a section."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value, field.annotation


def _value_at(settings: StageSettings, path: Path) -> object:
    value: Any = settings.model_dump()
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _other_values(value: object, annotation: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, value * 2, 30, 90, 365]
    if isinstance(value, float):
        return [value * 1.1, value / 2]
    if isinstance(value, tuple):
        return [value[:-1], ()]
    return [*_choices(annotation), f"{value}x"]


def _choices(annotation: object) -> Iterator[object]:
    """Yield the values of each `Literal` in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        yield from typing.get_args(annotation)
    else:
        for argument in typing.get_args(annotation):
            yield from _choices(argument)
