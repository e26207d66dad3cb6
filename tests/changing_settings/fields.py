"""The settings of a stage by their dotted keys, read from the pydantic model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from settings import StageSettings
from settings.field_types import OneOf


@dataclass(frozen=True)
class SettingField:
    """A setting of the model, or a section that may be absent or occur several times."""

    key: str
    """The dotted key. The items of a list have the key of the list."""
    info: FieldInfo
    section: str
    """The key of the optional or repeated section that the setting is a part of; else empty."""

    @property
    def is_optional(self) -> bool:
        """Whether the setting may be None."""
        return type(None) in get_args(self.info.annotation)

    @property
    def kind(self) -> object:
        """The annotation without None, such as `int` or `Literal[7, 8]`."""
        kinds = [kind for kind in get_args(self.info.annotation) if kind is not type(None)]
        kind = kinds[0] if self.is_optional and len(kinds) == 1 else self.info.annotation
        return get_args(kind)[0] if get_origin(kind) is Annotated else kind

    def constraints(self) -> Iterator[object]:
        """Yield what the annotation restricts, such as `Ge(ge=1)`."""
        yield from self.info.metadata
        for kind in get_args(self.info.annotation) if self.is_optional else ():
            if get_origin(kind) is Annotated:
                yield from get_args(kind)[1:]

    def allowed_values(self) -> list[Any]:
        """Return the values that the annotation lists for a setting; empty if it lists none."""
        if get_origin(self.kind) is Literal:
            return list(get_args(self.kind))
        return _listed(self.constraints())

    def allowed_items(self) -> list[Any]:
        """Return the values that the annotation lists for the items of a list."""
        items: list[Any] = []
        for item in get_args(self.kind):
            if get_origin(item) is Literal:
                items += get_args(item)
            elif get_origin(item) is Annotated:
                items += _listed(get_args(item)[1:])
        return items


def setting_fields(model: type[BaseModel] = StageSettings) -> list[SettingField]:
    """Return every setting of a model, in the order of the model."""
    return list(_walk(model, "", ""))


def _walk(model: type[BaseModel], prefix: str, section: str) -> Iterator[SettingField]:
    for name, info in model.model_fields.items():
        key = f"{prefix}{name}"
        nested = _nested_model(info.annotation)
        if nested is None:
            yield SettingField(key, info, section)
            continue
        is_always_there = info.annotation == nested
        if not is_always_there:
            yield SettingField(key, info, section)
        yield from _walk(nested, f"{key}.", section if is_always_there else key)


def _listed(constraints: Iterable[object]) -> list[Any]:
    return [value for each in constraints if isinstance(each, OneOf) for value in each.allowed]


def _nested_model(annotation: object) -> type[BaseModel] | None:
    """Return the model of a section, which may be optional or the items of a tuple."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def value_at(values: Any, key: str) -> Any:
    """Return the value at a dotted key of nested mappings; None if a section is absent."""
    for name in key.split("."):
        values = None if values is None else values[name]
    return values
