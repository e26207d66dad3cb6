"""The base class of all settings, and the errors of settings that cannot be used."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

INVALID_SETTING = "invalid_setting"
"""The type of the errors that `invalid_setting` returns."""


class SettingsError(Exception):
    """Settings that cannot be used.

    The message has one line for each error: the file, the key, the value found, and what is
    allowed.
    """


class Settings(BaseModel):
    """An immutable model. It refuses unknown keys, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def invalid_setting(key: str, found: object, allowed: str) -> PydanticCustomError:
    """Return the error that a validator raises when several settings do not fit together.

    A validator of a single field raises a ValueError instead, with only what is allowed.

    Args:
        key: the key of the wrong value, relative to the model that the validator belongs to.
            It is empty where the error concerns the model itself.
        found: the value of the key.
        allowed: the values that are allowed.
    """
    return PydanticCustomError(
        INVALID_SETTING, "{allowed}", {"key": key, "found": str(found), "allowed": allowed}
    )
