"""Checks Kubernetes objects against the schemas of a Kubernetes version.

The package `kubernetes-validate` contains the schemas of the API server, in a strict form that
refuses unknown fields, as `kubectl apply` does. Its function `validate` reads 1.2 MB of schemas for
each object. This module reads them once for each version. Custom resources have no schema: only
their names and labels are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

RBAC_GROUP = "rbac.authorization.k8s.io"
MAXIMUM_VIOLATIONS = 5
"""The number of violations in a message. Further violations mostly follow from the first ones."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(
    r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_LABELLED = ((), ("spec", "template"), ("spec", "jobTemplate"))


class ManifestError(ValueError):
    """The API server would refuse the object. The text names the object and the reason."""


def check_object(document: Mapping[str, Any], version: str) -> None:
    """Check an object against the schemas of a Kubernetes version, such as "1.35".

    Raises:
        ManifestError: the API server would refuse the object.
    """
    name = _identity(document)
    violations = [*_schema_violations(document, version), *_name_violations(document)]
    if violations:
        shown = "; ".join(violations[:MAXIMUM_VIOLATIONS])
        raise ManifestError(f"{name} is invalid (Kubernetes {version}): {shown}")


def _identity(document: Mapping[str, Any]) -> str:
    kind = document.get("kind")
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    missing = [
        field
        for field, value in (
            ("apiVersion", document.get("apiVersion")),
            ("kind", kind),
            ("metadata.name", name),
        )
        if not isinstance(value, str) or not value
    ]
    if missing:
        raise ManifestError(f"{kind or 'object'}/{name or '?'}: {', '.join(missing)} is missing")
    return f"{kind}/{name}"


def _schema_violations(document: Mapping[str, Any], version: str) -> Iterator[str]:
    group, _, api = str(document["apiVersion"]).rpartition("/")
    known = _definitions(version)
    validator = known.validators.get((group, api, document["kind"]))
    if validator is not None:
        for error in validator.iter_errors(document):
            field = ".".join(str(part) for part in error.absolute_path)
            yield f"{field or 'object'}: {error.message}"
    elif group in known.groups:
        yield (
            f'no matches for kind "{document["kind"]}" in version "{document["apiVersion"]}"; '
            "the API server has no such kind"
        )


def _name_violations(document: Mapping[str, Any]) -> Iterator[str]:
    name = document["metadata"]["name"]
    if not document["apiVersion"].startswith(f"{RBAC_GROUP}/") and not _NAME.fullmatch(name):
        yield f"metadata.name: {name!r} is not a lowercase RFC 1123 subdomain"
    for path in _LABELLED:
        node: Any = document
        for part in (*path, "metadata", "labels"):
            node = node.get(part) if isinstance(node, Mapping) else None
        for key, value in node.items() if isinstance(node, Mapping) else ():
            yield from _label_violations(".".join((*path, "metadata.labels")), key, value)


def _label_violations(where: str, key: str, value: object) -> Iterator[str]:
    if not _LABEL_KEY.fullmatch(key):
        yield f"{where}: {key!r} is not a valid label key"
    if isinstance(value, str) and not _LABEL_VALUE.fullmatch(value):
        yield f"{where}.{key}: {value!r} is not a valid label value (at most 63 characters)"


class _Definitions:
    """The API of one Kubernetes version."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
        from referencing import Registry, Resource

        resource = Resource.from_contents(document)
        registry = resource @ Registry()
        self.validators: dict[tuple[str, str, str], Any] = {}
        for name, definition in document["$defs"].items():
            kinds = definition.get("x-kubernetes-group-version-kind", ())
            reference = {"$ref": f"{document['$id']}#/$defs/{name}"}
            for kind in kinds if len(kinds) == 1 else ():
                validator = Draft202012Validator(reference, registry=registry)
                self.validators[kind["group"], kind["version"], kind["kind"]] = validator
        self.groups = {group for group, _version, _kind in self.validators}


@cache
def _definitions(version: str) -> _Definitions:
    from kubernetes_validate import utils

    served = [v for v in utils.all_versions() if _numbers(v) <= _numbers(version)]
    if not served:
        raise ManifestError(f"there are no schemas for Kubernetes {version}")
    folder = f"kubernetes-json-schema/v{served[-1]}-local-strict"
    return _Definitions(utils.schema_contents(f"{folder}/_definitions.json", version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split(".")[:2])
