"""The typed settings of a stage, and their values: one YAML file for each stage. No CDK in here."""

from settings.accounts import resolve_accounts
from settings.base import SettingsError
from settings.loading import load_stage, stage_names
from settings.model import StageSettings

__all__ = ["SettingsError", "StageSettings", "load_stage", "resolve_accounts", "stage_names"]
