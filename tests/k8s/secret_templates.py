"""Renders the templates of ExternalSecrets.

It implements the part of Go templates and of the Sprig functions that the templates use.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import yaml

_ACTION = re.compile(r"{{-?\s*(.*?)\s*}}", re.S)
_WITH = re.compile(r'\s*{{- with index \. "(\w+)" }}(.*?){{ end }}', re.S)


class MissingKeyError(KeyError):
    """A template reads a key that the secret does not have. The operator reports an error."""


def render_secret(spec: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, str]:
    """Return the data of the Secret that an ExternalSecret creates.

    Args:
        spec: The spec of the ExternalSecret.
        stored: The values of Secrets Manager by the names of the secrets.
    """
    values: dict[str, str] = {}
    for source in spec.get("dataFrom", ()):
        values |= json.loads(stored[source["extract"]["key"]])
    for entry in spec["data"]:
        text = stored[entry["remoteRef"]["key"]]
        key = entry["remoteRef"].get("property")
        values[entry["secretKey"]] = text if key is None else str(json.loads(text)[key])
    template = spec["target"]["template"]
    if "data" not in template:
        return values
    secret = {key: _render(text, values) for key, text in template["data"].items()}
    for source in template.get("templateFrom", ()):
        secret |= yaml.safe_load(_render_with(source["literal"], values)) or {}
    return secret


def _render_with(template: str, values: Mapping[str, str]) -> str:
    """Render the `with` blocks of a template. A block without a value is empty."""
    return _WITH.sub(
        lambda match: _render(match[2], {".": values[match[1]]}) if values.get(match[1]) else "",
        template,
    )


def _render(template: str, values: Mapping[str, str]) -> str:
    return _ACTION.sub(lambda match: _evaluate(match[1], values), template)


def _evaluate(action: str, values: Mapping[str, str]) -> str:
    first, *functions = [part.strip() for part in action.split("|")]
    name = first.removeprefix(".") or "."
    if name not in values:
        raise MissingKeyError(name)
    value = values[name]
    for function in functions:
        match function.split():
            case ["urlquery"]:
                value = quote_plus(value, safe="")
            case ["b64enc"]:
                value = base64.b64encode(value.encode()).decode()
            case ["toJson"]:
                value = json.dumps(value)
            case ["substr", start, end]:
                value = value[int(start) : int(end)]
            case _:
                raise AssertionError(f"unknown function {function}")
    return value
