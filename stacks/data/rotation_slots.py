"""The weekly rotations of the data stores' credentials, one after the other."""

from enum import IntEnum

from aws_cdk import aws_secretsmanager as secretsmanager

from settings.maintenance import MaintenanceSettings

SLOT_HOURS = 1
"""The length of a slot, in which Secrets Manager starts a rotation."""


class RotationSlot(IntEnum):
    """The order of the rotations, from the end of the maintenance window."""

    DATABASE_ADMIN = 0
    DATABASE_APPLICATION = 1
    """Follows the administrator, whose new password this rotation needs."""
    CACHE_TOKEN = 2


def rotation_rules(
    maintenance: MaintenanceSettings, slot: RotationSlot
) -> secretsmanager.CfnRotationSchedule.RotationRulesProperty:
    """Return the rules of a weekly rotation that starts within its slot."""
    start = maintenance.rotation_hour(slot)
    return secretsmanager.CfnRotationSchedule.RotationRulesProperty(
        schedule_expression=f"cron(0 {start.hour} ? * {start.day.upper()} *)",
        duration=f"{SLOT_HOURS}h",
    )
