"""Renders the templates of ExternalSecrets: the part of Go's and Sprig's language that they use."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import yaml

_ACTION = re.compile(r"{{-?\s*(.*?)\s*}}", re.S)
_WITH = re.compile(r'\s*{{- with index \. "(\w+)" }}(.*?){{ end }}', re.S)


class MissingKeyError(KeyError):
    """The template reads a key that the secret lacks, which the operator refuses."""


def render(template: str, values: Mapping[str, str]) -> str:
    """Return a template's text."""
    return _ACTION.sub(lambda match: _evaluate(match[1], values), template)


def secret(spec: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, str]:
    """Return the Secret that an ExternalSecret makes of what Secrets Manager stores by name."""
    read: dict[str, str] = {}
    for source in spec.get("dataFrom", ()):
        read |= json.loads(stored[source["extract"]["key"]])
    for entry in spec["data"]:
        text = stored[entry["remoteRef"]["key"]]
        key = entry["remoteRef"].get("property")
        read[entry["secretKey"]] = text if key is None else str(json.loads(text)[key])
    template = spec["target"]["template"]
    if "data" not in template:
        return read
    made = {key: render(text, read) for key, text in template["data"].items()}
    for source in template.get("templateFrom", ()):
        kept = _WITH.sub(
            lambda match: render(match[2], {".": read[match[1]]}) if read.get(match[1]) else "",
            source["literal"],
        )
        made |= yaml.safe_load(kept) or {}
    return made


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
            case ["toJson"]:
                value = json.dumps(value)
            case ["substr", start, end]:
                value = value[int(start) : int(end)]
            case _:
                raise AssertionError(f"unknown function {function}")
    return value
