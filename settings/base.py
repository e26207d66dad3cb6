"""The rules that every settings model shares."""

from typing import NoReturn

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class SettingsError(Exception):
    """Settings that cannot be used: its text names file, key, what was found, what is allowed."""


class Settings(BaseModel):
    """Immutable, and closed: a misspelt key is an error, not a value that nothing reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def reject(key: str, found: object, allowed: str) -> NoReturn:
    """Refuse a combination of settings from a model validator.

    Args:
        key: the key at fault, relative to the model that validates.
        found: its value.
        allowed: what the value may be, as the end of a sentence.
    """
    raise PydanticCustomError(
        "setting", "{allowed}", {"key": key, "found": str(found), "allowed": allowed}
    )
