"""The weekly rotations of the data stores' credentials, one after the other."""

from enum import IntEnum

from aws_cdk import aws_secretsmanager as secretsmanager

from settings.maintenance import MaintenanceSettings

SLOT_HOURS = 1


class RotationSlot(IntEnum):
    """The number of a rotation, from the start of the maintenance window."""

    DATABASE_ADMIN = 0
    DATABASE_APPLICATION = 1
    """The rotation of this user logs in as the administrator, whose rotation must be over."""
    CACHE_TOKEN = 2


def rotation_rules(
    maintenance: MaintenanceSettings, slot: RotationSlot
) -> secretsmanager.CfnRotationSchedule.RotationRulesProperty:
    """Return the rules of a weekly rotation that starts and ends within its slot."""
    start = maintenance.rotation_hour(slot)
    return secretsmanager.CfnRotationSchedule.RotationRulesProperty(
        schedule_expression=f"cron(0 {start.hour} ? * {start.day.upper()} *)",
        duration=f"{SLOT_HOURS}h",
    )
