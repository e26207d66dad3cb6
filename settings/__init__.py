"""What differs between stages: one typed model, one YAML file a stage. No CDK in here."""

from settings.accounts import resolve_accounts
from settings.base import SettingsError
from settings.loading import load_stage, stage_names
from settings.model import StageSettings

__all__ = ["SettingsError", "StageSettings", "load_stage", "resolve_accounts", "stage_names"]
