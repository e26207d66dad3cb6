"""Reads settings/<stage>.yaml, and says in one message what is wrong with it."""

import difflib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.base import SettingsError
from settings.model import StageSettings

FOLDER = Path(__file__).parent


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML's own rule, which PyYAML leaves out."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key, (key_node, _) in zip(keys, node.value, strict=True):
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
        return super().construct_mapping(node, deep=deep)


def stage_names(folder: Path = FOLDER) -> list[str]:
    """Return every stage that has a settings file, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_stage(stage: str, folder: Path = FOLDER) -> StageSettings:
    """Read and validate the settings of one stage.

    Raises:
        SettingsError: the stage has no file, or the file does not hold what the model asks for.
            All faults of a file are in one message, a line each.
    """
    path = folder / f"{stage}.yaml"
    shown = f"{folder.name}/{path.name}"
    if stage not in stage_names(folder):
        allowed = ", ".join(stage_names(folder))
        raise SettingsError(f"{shown}: no such stage: {stage!r}; allowed: {allowed}")
    values = _read(path, shown)
    try:
        settings = StageSettings.model_validate({"stage": stage, **values})
    except ValidationError as error:
        lines = [_describe(detail, values) for detail in error.errors()]
        raise SettingsError("\n".join(f"{shown}: {line}" for line in lines)) from None
    _refuse_overlaps(settings, folder, shown)
    return settings


def _refuse_overlaps(settings: StageSettings, folder: Path, shown: str) -> None:
    """Refuse a VPC range that another stage's file has too: the two could never be peered."""
    own = ipaddress.IPv4Network(settings.network.cidr)
    for other in stage_names(folder):
        theirs = _range_of(folder / f"{other}.yaml") if other != settings.stage else None
        if theirs and own.overlaps(theirs):
            raise SettingsError(
                f"{shown}: network.cidr: found {own}; "
                f"allowed: a range apart from {theirs} of {folder.name}/{other}.yaml"
            )


def _range_of(path: Path) -> ipaddress.IPv4Network | None:
    """Return the VPC range of a stage's file; None if it has none, which is its own fault."""
    try:
        values = _read(path, path.name)
        return ipaddress.IPv4Network(values["network"]["cidr"])
    except (SettingsError, KeyError, TypeError, ValueError):
        return None


def _read(path: Path, shown: str) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{shown}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise SettingsError(f"{shown}: not valid YAML: {problem}") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        kind = type(values).__name__
        raise SettingsError(f"{shown}: found a {kind}; allowed: a mapping of settings")
    if "stage" in values:
        raise SettingsError(f"{shown}: stage: the file's name says it; allowed: no such key")
    return values


def _describe(detail: ErrorDetails, values: Mapping[str, Any]) -> str:
    """Turn one of pydantic's findings into `key: found X; allowed: Y`."""
    location = [str(part) for part in detail["loc"] if part != "[key]"]
    context = detail.get("ctx") or {}
    if detail["type"] == "setting":
        key = ".".join([*location, *filter(None, [context["key"]])])
        return f"{key}: found {context['found']}; allowed: {context['allowed']}"
    key = ".".join(location)
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown setting; {_known_keys(location)}"
    if detail["type"] == "missing":
        return f"{key}: missing; every stage must give it"
    message = detail["msg"].removeprefix("Value error, ")
    allowed = message.removeprefix("Input should be ").removeprefix("Value should be ")
    return f"{key}: found {_found(values, detail)}; allowed: {allowed}"


def _found(values: Mapping[str, Any], detail: ErrorDetails) -> str:
    """Show the value as the file has it: pydantic's own may be a piece of it."""
    found: Any = values
    for part in detail["loc"]:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return repr(detail["input"])
    return repr(found)


def _known_keys(location: list[str]) -> str:
    """List the keys that the model at this location knows, the most alike first."""
    model: type[BaseModel] = StageSettings
    for part in location[:-1]:
        if part.isdigit():  # an item of the list that was last named
            continue
        annotation: Any = model.model_fields[part].annotation
        for argument in get_args(annotation):
            if isinstance(argument, type) and issubclass(argument, BaseModel):
                annotation = argument
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return "it holds no settings of its own"
        model = annotation
    known = sorted(set(model.model_fields) - {"stage"})
    alike = difflib.get_close_matches(location[-1], known, n=1)
    meant = f"did you mean {alike[0]}? " if alike else ""
    return f"{meant}allowed: {', '.join(known)}"
