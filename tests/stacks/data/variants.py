"""Variants of the settings, and the stages that are synthesized with them."""

from typing import Any

from settings import StageSettings, load_stage
from settings.database import GenerationSettings, SecondRegionSettings
from tests.synthesis import SynthesizedStage, synthesize

SOURCE_RESOURCE_ID = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SECOND_REGION_KEY = "arn:aws:kms:us-west-2:111111111111:key/1"


def change_settings(settings: StageSettings, **sections: dict[str, Any]) -> StageSettings:
    """Return valid settings that differ in these keys of these sections."""
    values = settings.model_dump()
    changed = {name: {**values[name], **section} for name, section in sections.items()}
    return StageSettings.model_validate({**values, **changed})


def synthesize_with(stage: SynthesizedStage, **sections: dict[str, Any]) -> SynthesizedStage:
    """Synthesize a stage with settings that differ in these keys of these sections."""
    return synthesize(change_settings(stage.settings, **sections))


def recovered_production() -> StageSettings:
    """Return production after a recovery, with read replicas and with backups in two Regions.

    Generation 2 is active. Generation 1 is retiring, and 3 and 4 are still being restored.
    """
    generations = (
        GenerationSettings(number=1, retiring=True),
        GenerationSettings(
            number=2,
            restore_to_time="2026-11-20T08:30:00+01:00",
            restore_source_resource_id=SOURCE_RESOURCE_ID,
            admin_password_from_secret=True,
        ),
        GenerationSettings(number=3, restore_from_snapshot="before-the-upgrade"),
        GenerationSettings(
            number=4, restore_to_time="latest", restore_source_resource_id=SOURCE_RESOURCE_ID
        ),
    )
    return change_settings(
        load_stage("production"),
        database={
            "read_replicas": 2,
            "second_region": SecondRegionSettings(
                region="us-west-2", kms_key_arn=SECOND_REGION_KEY, retention_days=14
            ),
            "generations": generations,
            "active_generation": 2,
        },
    )
