"""The base class of all settings, and the errors of settings that cannot be used."""

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
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

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_boolean_as_number(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401
        """Refuse true where a number is expected. pydantic would take it for 1."""
        annotation = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and _is_number(annotation):
            raise ValueError("a number")
        return value


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


def _is_number(annotation: object) -> bool:
    """Return whether a field is a number, possibly optional, and not a boolean."""
    if get_origin(annotation) is Literal:
        kinds: set[object] = {type(value) for value in get_args(annotation)}
    else:
        kinds = {annotation, *get_args(annotation)}
    return bool(kinds & {int, float}) and bool not in kinds
