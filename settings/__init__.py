"""What differs between stages: one typed model, one YAML file a stage. No CDK in here."""

from settings.loading import SettingsError, load_stage, stage_names
from settings.model import StageSettings

__all__ = ["SettingsError", "StageSettings", "load_stage", "stage_names"]
