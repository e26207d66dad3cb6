"""Checks Kubernetes objects by the schemas of a Kubernetes version.

The schemas are the API server's own, shipped by `kubernetes-validate`, in the strict form that
refuses unknown fields as `kubectl apply` does. That package's `validate` reads 1.2 MB of them for
every object; here they are read once a version. Objects of custom resource definitions have no
schema here: their names and labels are checked, not their fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

RBAC_GROUP = "rbac.authorization.k8s.io"
MAXIMUM_VIOLATIONS = 5
"""Violations that one message names: the first ones tell, the rest mostly follow from them."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(
    r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_LABELLED = ((), ("spec", "template"), ("spec", "jobTemplate"))


class ManifestError(ValueError):
    """An object that the API server would refuse; the message names it and what is wrong."""


def check_object(document: Mapping[str, Any], version: str) -> None:
    """Refuse an object that an API server of `version` (such as "1.35") would refuse.

    Raises:
        ManifestError: naming kind, object, path of the field and the schema's message.
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
        yield f"{where}: {key!r} is not a label's key"
    if isinstance(value, str) and not _LABEL_VALUE.fullmatch(value):
        yield f"{where}.{key}: {value!r} is not a label's value (at most 63 characters)"


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
