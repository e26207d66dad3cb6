"""Checks the properties of a resource, as CloudFormation does before it calls the service.

The emulator accepts any properties. CloudFormation refuses a property that is unknown, missing or
of a wrong type. The check uses the schemas of CloudFormation's registry and returns
CloudFormation's messages. Like CloudFormation, it converts numbers and booleans from and to
strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, validators  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from tools.templates.schemas import JsonValue, ResourceSchema

_BOOLEANS = ("true", "false")
_JSON_TYPE_NAMES = (
    (bool, "Boolean"),
    (int, "Integer"),
    (float, "Double"),
    (str, "String"),
    (list, "JSONArray"),
    (dict, "JSONObject"),
)
_EXPECTED = {"object": "JSONObject", "array": "JSONArray"}


class PropertiesError(ValueError):
    """The properties are refused. The text is CloudFormation's message."""

    def __init__(self, logical_id: str, violations: list[str]) -> None:
        found = "\n".join(violations)
        super().__init__(
            f"Properties validation failed for resource {logical_id} with message: {found}"
        )


def check_properties(
    schema: ResourceSchema, logical_id: str, properties: Mapping[str, Any]
) -> None:
    """Check properties against the schema of their resource type.

    Raises:
        PropertiesError: the schema refuses the properties. The text has one line for each
            violation, such as `#/Port: expected type: Integer, found: String`.
    """
    violations = [*_read_only_violations(schema, properties)]
    for error in _validator(schema).iter_errors(dict(properties)):
        violations.extend(_messages(error))
    if violations:
        raise PropertiesError(logical_id, violations)


def _read_only_violations(schema: ResourceSchema, properties: Mapping[str, Any]) -> Iterator[str]:
    for path in schema.read_only:
        if len(path) == 1 and path[0] in properties:
            yield f"#: extraneous key [{path[0]}] is not permitted (it is read-only)"


def _messages(error: ValidationError) -> Iterator[str]:
    where = "#" + "".join(f"/{part}" for part in error.absolute_path)
    keyword = str(error.validator)
    if keyword in _CHECKS or keyword == "additionalProperties":
        messages: Iterable[str] = [error.message or _constraint(keyword)]
    else:
        messages = _MESSAGES.get(keyword, _generic)(error)
    for message in messages:
        yield f"{where}: {message}"


def _constraint(keyword: str) -> str:
    return f"failed validation constraint for keyword [{keyword}]"


def _generic(error: ValidationError) -> Iterator[str]:
    yield _constraint(str(error.validator))


def _ill_typed(error: ValidationError) -> Iterator[str]:
    wanted = error.validator_value
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    expected = " or ".join(_EXPECTED.get(name, name.capitalize()) for name in names)
    yield f"expected type: {expected}, found: {_json_type(error.instance)}"


def _no_branch(error: ValidationError) -> Iterator[str]:
    total = len(error.validator_value)
    yield f"#: no subschema matched out of the total {total} subschemas"


def _not_one_branch(error: ValidationError) -> Iterator[str]:
    total = len(error.validator_value)
    matched = "0" if error.context else "more than 1"
    yield f"#: {matched} subschemas matched instead of one out of {total}"


_MESSAGES: dict[str, Callable[[ValidationError], Iterator[str]]] = {
    "type": _ill_typed,
    "anyOf": _no_branch,
    "oneOf": _not_one_branch,
}


def _json_type(value: object) -> str:
    return next((name for kind, name in _JSON_TYPE_NAMES if isinstance(value, kind)), "Null")


# Conversion of types, as CloudFormation does it ----------------------------------------------


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def is_scalar(value: object) -> bool:
    """Return whether CloudFormation accepts `value` as a string."""
    return isinstance(value, (str, int, float))


def _is_integer(value: object) -> bool:
    number = _number(value)
    return number is not None and number.is_integer()


def _is_boolean(value: object) -> bool:
    return is_scalar(value) and _text(value).lower() in _BOOLEANS


_TYPES = Draft7Validator.TYPE_CHECKER.redefine_many(
    {
        "string": lambda _checker, value: is_scalar(value),
        "number": lambda _checker, value: _number(value) is not None,
        "integer": lambda _checker, value: _is_integer(value),
        "boolean": lambda _checker, value: _is_boolean(value),
    }
)

# Keywords: each function yields one message for each violation -------------------------------

Messages = Iterator[str]
_CONSTRAINT = ""
"""Stands for the generic message, which names the keyword only."""


def _required(names: list[str], value: object) -> Messages:
    if not isinstance(value, dict):
        return
    for name in names:
        if name not in value:
            yield f"required key [{name}] not found"


def _dependent_required(rules: dict[str, list[str]], value: object) -> Messages:
    if not isinstance(value, dict):
        return
    for name, needed in rules.items():
        for other in needed if name in value else ():
            if other not in value:
                yield f"property [{other}] is required by [{name}]"


def _dependent_excluded(rules: dict[str, list[str]], value: object) -> Messages:
    if not isinstance(value, dict):
        return
    for name, excluded in rules.items():
        clash = [other for other in excluded if name in value and other in value]
        if clash:
            yield f"[{name}] must not be given together with {clash}"


def _required_xor(names: list[str], value: object) -> Messages:
    if isinstance(value, dict) and sum(name in value for name in names) != 1:
        yield f"exactly one of [{', '.join(names)}] is required"


def _required_or(names: list[str], value: object) -> Messages:
    if isinstance(value, dict) and not any(name in value for name in names):
        yield f"at least one of [{', '.join(names)}] is required"


def _enum(allowed: list[object], value: object) -> Messages:
    if value not in allowed and _text(value) not in {_text(item) for item in allowed}:
        yield _CONSTRAINT


def _enum_any_case(allowed: list[object], value: object) -> Messages:
    if _text(value).lower() not in {_text(item).lower() for item in allowed}:
        yield _CONSTRAINT


def _pattern(pattern: str, value: object) -> Messages:
    if is_scalar(value) and not matches(pattern, _text(value)):
        yield _CONSTRAINT


def _min_length(limit: int, value: object) -> Messages:
    if is_scalar(value) and len(_text(value)) < limit:
        yield f"expected minLength: {limit}, actual: {len(_text(value))}"


def _max_length(limit: int, value: object) -> Messages:
    if is_scalar(value) and len(_text(value)) > limit:
        yield f"expected maxLength: {limit}, actual: {len(_text(value))}"


def _minimum(limit: float, value: object) -> Messages:
    number = _number(value)
    if number is not None and number < limit:
        yield f"{_text(value)} is not greater or equal to {limit}"


def _maximum(limit: float, value: object) -> Messages:
    number = _number(value)
    if number is not None and number > limit:
        yield f"{_text(value)} is not less or equal to {limit}"


def _multiple_of(step: float, value: object) -> Messages:
    number = _number(value)
    if number is not None and number % step:
        yield _CONSTRAINT


_CHECKS: dict[str, Callable[..., Messages]] = {
    "required": _required,
    "dependentRequired": _dependent_required,
    "dependentExcluded": _dependent_excluded,
    "requiredXor": _required_xor,
    "requiredOr": _required_or,
    "enum": _enum,
    "enumCaseInsensitive": _enum_any_case,
    "pattern": _pattern,
    "minLength": _min_length,
    "maxLength": _max_length,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple_of,
}


def _keyword(check: Callable[..., Messages]) -> Callable[..., Iterator[ValidationError]]:
    def validate(
        _validator: object, argument: JsonValue, value: JsonValue, _schema: object
    ) -> Iterator[ValidationError]:
        for message in check(argument, value):
            yield ValidationError(message)

    return validate


# jsonschema's own versions of these two keywords support only the patterns of `re`.


def _additional_properties(
    validator: JsonValue, argument: JsonValue, value: JsonValue, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    for key in value if isinstance(value, dict) else ():
        if key in schema.get("properties", {}) or _matching(schema, key):
            continue
        if argument is False:
            yield ValidationError(f"extraneous key [{key}] is not permitted")
        elif isinstance(argument, dict):
            yield from validator.descend(value[key], argument, path=key)


def _pattern_properties(
    validator: JsonValue, _argument: object, value: JsonValue, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    for key in value if isinstance(value, dict) else ():
        for pattern in _matching(schema, key):
            yield from validator.descend(
                value[key], schema["patternProperties"][pattern], path=key, schema_path=pattern
            )


def _matching(schema: Mapping[str, Any], key: str) -> list[str]:
    return [pattern for pattern in schema.get("patternProperties", {}) if matches(pattern, key)]


_CloudFormationValidator = validators.extend(
    Draft7Validator,
    validators={
        **{name: _keyword(check) for name, check in _CHECKS.items()},
        "additionalProperties": _additional_properties,
        "patternProperties": _pattern_properties,
    },
    type_checker=_TYPES,
)


@cache
def _validator(schema: ResourceSchema) -> JsonValue:
    return _CloudFormationValidator(dict(schema.document))


@cache
def _compiled(pattern: str) -> JsonValue:
    try:
        return re.compile(pattern)
    except re.error:
        return _compiled_as_ecma(pattern)


def _compiled_as_ecma(pattern: str) -> JsonValue:
    # Schemas use \p{L}, which `re` does not support. cfn-lint depends on `regex`.
    import regex  # type: ignore[import-untyped]

    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def matches(pattern: str, text: str) -> bool:
    """Return whether a schema's pattern matches; True if the pattern is not a valid one."""
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(text) is not None
