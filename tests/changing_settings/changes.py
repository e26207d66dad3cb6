"""Changes of one setting: another valid value for each setting of a stage."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from settings import StageSettings
from tests.changing_settings.fields import SettingField, setting_fields, value_at
from tests.changing_settings.other_values import OTHER_VALUES, SECTIONS, OtherValue, Values

WITHOUT_CHANGE = {"stage": "the name of the file: another name is another stage"}
"""The settings that no change of a stage file can change, with the reason."""


@dataclass(frozen=True)
class Change:
    """A change of one setting, and of those that must change together with it."""

    key: str
    before: Values
    """What differs from the stage file before the change."""
    after: Values
    """What differs from the stage file after the change."""

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value}" for key, value in self.after.items())
        return f"{self.key}: {values}"


class NoOtherValueError(AssertionError):
    """A setting for which neither its annotation nor the table has another value."""

    def __init__(self, key: str, stage: str, reason: str) -> None:
        super().__init__(
            f"{key}: found no other valid value for {stage}; add one to OTHER_VALUES in "
            f"tests/changing_settings/other_values.py{reason}"
        )


def apply(settings: StageSettings, *values: Values) -> StageSettings:
    """Return the settings with other values.

    Raises:
        ValidationError: the model refuses the values.
    """
    document = settings.model_dump(mode="json")
    for key, value in (item for each in values for item in each.items()):
        *parents, name = key.split(".")
        section: Any = document
        for parent in parents:
            section = section[int(parent) if parent.isdigit() else parent]
        section[name] = copy.deepcopy(value)
    return StageSettings.model_validate(document)


def changes_of_stage(settings: StageSettings) -> dict[str, list[Change]]:
    """Return one or more changes of each setting of a stage, by the key of the setting.

    Raises:
        NoOtherValueError: a setting has no other valid value.
    """
    return {
        field.key: changes_of_setting(field, settings)
        for field in setting_fields()
        if field.key not in WITHOUT_CHANGE
    }


def changes_of_setting(field: SettingField, settings: StageSettings) -> list[Change]:
    """Return one or more changes of a setting.

    Raises:
        NoOtherValueError: the setting has no other valid value, or the table has an invalid one.
    """
    if field.key in OTHER_VALUES:
        changes = list(_changes_of_table(field, settings))
    elif field.key in SECTIONS:
        changes = [Change(field.key, {}, {field.key: SECTIONS[field.key]})]
    else:
        changes = list(_changes_of_annotation(field, settings))
    if not changes:
        raise NoOtherValueError(field.key, settings.stage, "")
    return changes


def _changes_of_table(field: SettingField, settings: StageSettings) -> Iterator[Change]:
    """Yield the changes of the table. An entry that a stage has already is no change of it."""
    for other in OTHER_VALUES[field.key]:
        change = _in_section(field, other)
        try:
            before = apply(settings, change.before)
            after = apply(settings, change.before, change.after)
        except ValidationError as error:
            reason = f": the entry {change} is invalid, {error.errors()[0]['msg']}"
            raise NoOtherValueError(field.key, settings.stage, reason) from None
        if before != after:
            yield change


def _changes_of_annotation(field: SettingField, settings: StageSettings) -> Iterator[Change]:
    """Yield changes to the valid values of an annotation."""
    change = _in_section(field, OtherValue(after={}))
    value = value_at(apply(settings, change.before).model_dump(mode="json"), field.key)
    for candidates in _candidates(field, value):
        for candidate in candidates:
            after = {field.key: candidate}
            if candidate != value and _is_valid(settings, change.before, after):
                yield Change(field.key, change.before, after)
                break


def _in_section(field: SettingField, other: OtherValue) -> Change:
    """Return a change that happens in a stage with the optional section of the setting."""
    section = {field.section: SECTIONS[field.section]} if field.section in SECTIONS else {}
    before = {**section, **other.before}
    return Change(field.key, before, other.after)


def _is_valid(settings: StageSettings, *values: Values) -> bool:
    try:
        apply(settings, *values)
    except ValidationError:
        return False
    return True


def _candidates(field: SettingField, value: Any) -> Iterator[Sequence[Any]]:
    """Yield sequences of other values, of each of which the first valid one is taken."""
    if field.is_optional and value is None:
        return
    if field.is_optional:
        yield [None]
    kind = field.kind
    if allowed := field.allowed_values():
        position = allowed.index(value)
        yield [*allowed[position + 1 :], *allowed[:position]]
    elif kind is bool:
        yield [not value]
    elif kind in (int, float):
        yield from _other_numbers(field, value)
    elif get_origin(kind) is tuple:
        yield from _other_lists(field, value)


def _other_numbers(field: SettingField, value: float) -> Iterator[Sequence[float]]:
    """Yield a higher and a lower number, of which the bounds may allow only one."""
    if field.kind is int:
        yield from ([value + 1], [value - 1])
        return
    lowest = highest = None
    for bound in field.constraints():
        match bound:
            case Ge(ge=limit) | Gt(gt=limit):
                lowest = float(str(limit))
            case Le(le=limit) | Lt(lt=limit):
                highest = float(str(limit))
    yield [value + 1 if highest is None else (value + highest) / 2]
    yield [value - 1 if lowest is None else (value + lowest) / 2]


def _other_lists(field: SettingField, value: list[Any]) -> Iterator[Sequence[list[Any]]]:
    """Yield an empty list, and lists with one more item that the annotation allows."""
    if value:
        yield [[]]
    yield [[*value, item] for item in field.allowed_items() if item not in value]
