"""Turns the validation errors of a stage file into messages of one line."""

import datetime as dt
import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from settings.base import INVALID_SETTING
from settings.stage_file import StageFile, display_key, shorten


def error_messages(error: ValidationError, model: type[BaseModel], file: StageFile) -> list[str]:
    """Return a message for each error: the key, the value found, and what is allowed.

    Args:
        error: the errors of pydantic.
        model: the model that refused the values.
        file: the stage file.
    """
    return [_message(details, model, file) for details in error.errors()]


def _message(details: ErrorDetails, model: type[BaseModel], file: StageFile) -> str:
    location = [str(part) for part in details["loc"] if part != "[key]"]
    key = display_key(location)
    if details["type"] == INVALID_SETTING:
        context = details["ctx"]
        key = ".".join(filter(None, [key, context["key"]]))
        return f"{key}: found {shorten(context['found'])}; allowed: {context['allowed']}"
    if details["type"] == "extra_forbidden":
        return f"{key}: unknown setting; {_suggestion(model, location)}"
    if details["type"] == "missing":
        return f"{key}: missing; every stage must give it"
    text = file.source_text(details["loc"])
    if details["type"] == "string_type" and text is not None:
        return f"{key}: found {shorten(text)}; allowed: text in quotes: '{shorten(text)}'"
    if details["type"] == "invalid_key":
        return f"{key}: found a key that is no text; allowed: the name of a setting"
    allowed = details["msg"].removeprefix("Value error, ")
    allowed = allowed.removeprefix("Input should be ").removeprefix("Value should be ")
    return f"{key}: found {_found(file, details)}; allowed: {allowed}"


def _found(file: StageFile, details: ErrorDetails) -> str:
    """Return the value in the stage file. The input of pydantic's error may be a part of it."""
    found: Any = file.values
    for part in details["loc"]:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return _format(details["input"])
    text = None if isinstance(found, str) else file.source_text(details["loc"])
    return shorten(text) if text else _format(found)


def _format(value: Any) -> str:  # noqa: ANN401
    return shorten(repr(_with_dates_as_text(value)))


def _with_dates_as_text(value: Any) -> Any:  # noqa: ANN401
    """Return a value of a stage file, whose dates Python would show as datetime.date(...)."""
    if isinstance(value, dict):
        return {_with_dates_as_text(k): _with_dates_as_text(item) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_dates_as_text(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _suggestion(model: type[BaseModel], location: list[str]) -> str:
    """Return the keys that the model at this location has, and the one that is most similar."""
    for part in location[:-1]:
        if not part.isdigit():  # the number of an item in a list
            model = _nested_model(model.model_fields[part].annotation)
    known = sorted(set(model.model_fields) - {"stage"})
    similar = difflib.get_close_matches(location[-1], known, n=1)
    question = f"did you mean {similar[0]}? " if similar else ""
    return f"{question}allowed: {', '.join(known)}"


def _nested_model(annotation: object) -> type[BaseModel]:
    """Return the model of a field, which may be optional or the items of a tuple."""
    return next(
        candidate
        for candidate in (annotation, *get_args(annotation))
        if isinstance(candidate, type) and issubclass(candidate, BaseModel)
    )
