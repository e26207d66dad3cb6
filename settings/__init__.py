"""What differs between stages: one typed model, one YAML file a stage. No CDK in here."""

from settings.base import SettingsError
from settings.loading import load_stage, stage_names
from settings.model import StageSettings
from settings.placement import place

__all__ = ["SettingsError", "StageSettings", "load_stage", "place", "stage_names"]
