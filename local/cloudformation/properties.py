"""Checks a resource's properties as CloudFormation does before it calls the service.

The emulator takes whatever it is given; CloudFormation refuses an unknown, missing or ill-typed
property. The schema is the registry's, the sentences are CloudFormation's own, and so is the
leniency: a number or a boolean may be written as a string, and the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from local.cloudformation.schemas import ResourceSchema

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
    """Properties that CloudFormation refuses; the message is the one it gives."""

    def __init__(self, logical_id: str, violations: list[str]) -> None:
        found = "\n".join(violations)
        super().__init__(
            f"Properties validation failed for resource {logical_id} with message: {found}"
        )


def check_properties(
    schema: ResourceSchema, logical_id: str, properties: Mapping[str, Any]
) -> None:
    """Refuses properties that the resource type's schema refuses.

    Raises:
        PropertiesError: With one line for each violation, such as
            `#/Port: expected type: Integer, found: String`.
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
    render = _RENDERERS.get(str(error.validator), _generic)
    for sentence in render(error):
        yield f"{where}: {sentence}"


def _generic(error: ValidationError) -> Iterator[str]:
    yield f"failed validation constraint for keyword [{error.validator}]"


def _own(error: ValidationError) -> Iterator[str]:
    yield error.message


def _extraneous(error: ValidationError) -> Iterator[str]:
    known = error.schema.get("properties", {})
    patterns = error.schema.get("patternProperties", {})
    for key in error.instance:
        if key not in known and not any(_search(pattern, key) for pattern in patterns):
            yield f"extraneous key [{key}] is not permitted"


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


_RENDERERS: dict[str, Callable[[ValidationError], Iterator[str]]] = {
    "additionalProperties": _extraneous,
    "required": _own,
    "dependentRequired": _own,
    "type": _ill_typed,
    "anyOf": _no_branch,
    "oneOf": _not_one_branch,
    "minLength": _own,
    "maxLength": _own,
    "minimum": _own,
    "maximum": _own,
    "requiredXor": _own,
    "requiredOr": _own,
    "dependentExcluded": _own,
}


def _json_type(value: object) -> str:
    return next((name for kind, name in _JSON_TYPE_NAMES if isinstance(value, kind)), "Null")


# What CloudFormation coerces -----------------------------------------------------------------


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: object) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _is_scalar(_checker: object, value: object) -> bool:
    return isinstance(value, (str, int, float))


def _is_number(_checker: object, value: object) -> bool:
    return isinstance(value, (str, int, float)) and _number(value) is not None


def _is_integer(_checker: object, value: object) -> bool:
    number = _number(value) if isinstance(value, (str, int, float)) else None
    return number is not None and number.is_integer()


def _is_boolean(_checker: object, value: object) -> bool:
    return _is_scalar(None, value) and _text(value).lower() in _BOOLEANS


_TYPES = Draft7Validator.TYPE_CHECKER.redefine_many(
    {
        "string": _is_scalar,
        "number": _is_number,
        "integer": _is_integer,
        "boolean": _is_boolean,
    }
)

# Keywords -------------------------------------------------------------------------------------

Errors = Iterator[ValidationError]


def _required(_validator: Any, names: list[str], value: Any, _schema: Any) -> Errors:
    for name in names if isinstance(value, dict) else ():
        if name not in value:
            yield ValidationError(f"required key [{name}] not found")


def _dependent_required(_validator: Any, rules: Any, value: Any, _schema: Any) -> Errors:
    for name, needed in rules.items() if isinstance(value, dict) else ():
        for other in needed if name in value else ():
            if other not in value:
                yield ValidationError(f"property [{other}] is required by [{name}]")


def _enum(_validator: Any, allowed: list[Any], value: Any, _schema: Any) -> Errors:
    if value not in allowed and _text(value) not in {_text(item) for item in allowed}:
        yield ValidationError("not one of the values")


def _enum_any_case(_validator: Any, allowed: list[Any], value: Any, _schema: Any) -> Errors:
    if _text(value).lower() not in {_text(item).lower() for item in allowed}:
        yield ValidationError("not one of the values")


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Errors:
    if _is_scalar(None, value) and not _search(pattern, _text(value)):
        yield ValidationError("does not match")


def _min_length(_validator: Any, limit: int, value: Any, _schema: Any) -> Errors:
    if _is_scalar(None, value) and len(_text(value)) < limit:
        yield ValidationError(f"expected minLength: {limit}, actual: {len(_text(value))}")


def _max_length(_validator: Any, limit: int, value: Any, _schema: Any) -> Errors:
    if _is_scalar(None, value) and len(_text(value)) > limit:
        yield ValidationError(f"expected maxLength: {limit}, actual: {len(_text(value))}")


def _minimum(_validator: Any, limit: float, value: Any, _schema: Any) -> Errors:
    number = _number(value)
    if number is not None and number < limit:
        yield ValidationError(f"{_text(value)} is not greater or equal to {limit}")


def _maximum(_validator: Any, limit: float, value: Any, _schema: Any) -> Errors:
    number = _number(value)
    if number is not None and number > limit:
        yield ValidationError(f"{_text(value)} is not less or equal to {limit}")


def _multiple_of(_validator: Any, step: float, value: Any, _schema: Any) -> Errors:
    number = _number(value)
    if number is not None and number % step:
        yield ValidationError("not a multiple")


def _required_xor(_validator: Any, names: list[str], value: Any, _schema: Any) -> Errors:
    given = [name for name in names if isinstance(value, dict) and name in value]
    if isinstance(value, dict) and len(given) != 1:
        yield ValidationError(f"exactly one of [{', '.join(names)}] is required")


def _required_or(_validator: Any, names: list[str], value: Any, _schema: Any) -> Errors:
    if isinstance(value, dict) and not any(name in value for name in names):
        yield ValidationError(f"at least one of [{', '.join(names)}] is required")


def _dependent_excluded(_validator: Any, rules: Any, value: Any, _schema: Any) -> Errors:
    for name, excluded in rules.items() if isinstance(value, dict) else ():
        clash = [other for other in excluded if name in value and other in value]
        if clash:
            yield ValidationError(f"[{name}] must not be given together with {clash}")


_KEYWORDS: dict[str, Callable[[Any, Any, Any, Any], Errors]] = {
    "required": _required,
    "dependentRequired": _dependent_required,
    "enum": _enum,
    "enumCaseInsensitive": _enum_any_case,
    "pattern": _pattern,
    "minLength": _min_length,
    "maxLength": _max_length,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple_of,
    "requiredXor": _required_xor,
    "requiredOr": _required_or,
    "dependentExcluded": _dependent_excluded,
}

_CloudFormationValidator = jsonschema.validators.extend(
    Draft7Validator, validators=_KEYWORDS, type_checker=_TYPES
)


@cache
def _validator(schema: ResourceSchema) -> Any:
    return _CloudFormationValidator(dict(schema.document))


@cache
def _compiled(pattern: str) -> Any:
    try:
        return re.compile(pattern)
    except re.error:
        return _compiled_as_ecma(pattern)


def _compiled_as_ecma(pattern: str) -> Any:
    # Schemas use \p{L}, which `re` does not know; `regex` comes with cfn-lint.
    import regex

    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def _search(pattern: str, text: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(text) is not None
