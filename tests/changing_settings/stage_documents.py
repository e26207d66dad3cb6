"""Stage files that Hypothesis makes: real ones with other values, valid or not."""

import contextlib
import copy
import functools
import itertools
from typing import Any

import yaml
from hypothesis import strategies
from pydantic import ValidationError

from settings import StageSettings, load_stage, stage_names
from settings.loading import SETTINGS_FOLDER
from tests.changing_settings.changes import Change, apply, changes_of_stage

NOTATIONS = (
    *("1:00", "0x1F", "0b11", "010", "1_000", "1.30", "012345678901", "1e3", ".inf", "-.Inf"),
    *(
        ".nan",
        "2026-11-25",
        "2026-11-25T08:30:00Z",
        "2026-02-30",
        "2026-11-25 25:00:00",
        "~",
        "null",
    ),
    *(
        "yes",
        "Off",
        "!!binary YQ==",
        "!!set {a, b}",
        "!!int one",
        "!!python/name:os.system",
        "&a b",
    ),
    *("*missing", "[", "{", "}", "'", '"', "@", "%", "`", "? a", "<<: {a: 1}", "=", "|", "- - -"),
    *("&loop [*loop]", "{1: 2}", "{null: 2}", "{[1]: 2}", "{a: 1, a: 2}", "9" * 400, "9" * 5000),
)
"""Unquoted values, of which YAML 1.1 makes numbers, dates, errors or something else."""

_SCALARS = (
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.integers(-2, 40)
    | strategies.floats()
    | strategies.dates()
    | strategies.datetimes()
    | strategies.text(max_size=20)
    | strategies.text("0123456789abZ.:/*@-", max_size=20)
)
_VALUES = strategies.recursive(
    _SCALARS,
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=4,
)


@strategies.composite
def stage_files(draw: strategies.DrawFn) -> tuple[str, str]:
    """Return the name of a stage, and the text of a file of it with up to six other values."""
    stage = draw(strategies.sampled_from(stage_names()))
    document = copy.deepcopy(_document(stage))
    changes = _changes(stage)
    raw: dict[str, str] = {}
    for number in range(draw(strategies.integers(1, 6))):
        key = draw(strategies.sampled_from(sorted(changes)) | strategies.text(max_size=12))
        origin = draw(strategies.sampled_from(("valid", "any", "notation")))
        if origin == "valid" and key in changes:
            change = draw(strategies.sampled_from(changes[key]))
            for each, value in itertools.chain(change.before.items(), change.after.items()):
                _set(document, each, value)
        elif origin == "any":
            _set(document, key, draw(_VALUES))
        else:
            raw[f"raw-value-{number}"] = draw(strategies.sampled_from(NOTATIONS))
            _set(document, key, f"raw-value-{number}")
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    for placeholder, notation in raw.items():
        text = text.replace(placeholder, notation)
    return stage, text


@strategies.composite
def changed_stages(draw: strategies.DrawFn) -> StageSettings:
    """Return a stage with twelve or more valid changes, as far as they exclude no other one."""
    stage = draw(strategies.sampled_from(stage_names()))
    settings, changes = load_stage(stage), _changes(stage)
    keys = strategies.sampled_from(sorted(changes))
    for key in draw(strategies.lists(keys, min_size=12, max_size=60, unique=True)):
        change = draw(strategies.sampled_from(changes[key]))
        with contextlib.suppress(ValidationError):
            settings = apply(settings, change.before, change.after)
    return settings


@functools.cache
def _document(stage: str) -> Any:
    return yaml.safe_load((SETTINGS_FOLDER / f"{stage}.yaml").read_text())


@functools.cache
def _changes(stage: str) -> dict[str, list[Change]]:
    return changes_of_stage(load_stage(stage))


def _set(document: Any, dotted_key: str, value: object) -> None:
    """Set a value, unless a list or a value stands where the key has a section."""
    *parents, name = dotted_key.split(".")
    for parent in parents:
        if isinstance(document, dict):
            document = document.setdefault(parent, {})
    if isinstance(document, dict):
        document[name] = copy.deepcopy(value)
