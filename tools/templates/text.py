"""Renders a value of a template as text."""

import json
from typing import Any


def as_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a template's string, with each reference written as `${LogicalId.Attribute}`."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(as_text(part) for part in parts)
    ((function, argument),) = value.items()
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::GetAtt":
        return f"${{{'.'.join(argument)}}}"
    return f"${{{json.dumps(value, sort_keys=True).replace(chr(34), '')}}}"
