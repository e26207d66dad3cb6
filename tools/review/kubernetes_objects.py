"""The Kubernetes objects and the Helm releases of a stage, and how a deployment changes them.

A template holds them as JSON text in one property, which `cdk diff` shows as one long line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.guard.manifests import MANIFEST_TYPE
from tools.guard.templates import StackTemplate, Templates
from tools.review.yaml_diff import yaml_diff
from tools.templates.schemas import JsonValue
from tools.templates.text import as_text

_HELM_TYPE = "Custom::AWSCDK-EKS-HelmChart"
_PERMISSION_KINDS = {
    "ClusterRole",
    "ClusterRoleBinding",
    "NetworkPolicy",
    "Role",
    "RoleBinding",
    "ServiceAccount",
}
_FIRST_PLACEHOLDER = 7_300_000_000_000_001
"""References become numbers of 16 digits, which are valid JSON inside and outside of strings."""


@dataclass(frozen=True, order=True)
class ObjectId:
    """Identifies an object of a stage.

    The resource is part of it: if another resource applies the same object, CloudFormation deletes
    the object after the update.
    """

    stack: str
    logical_id: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name} ({self.stack}/{self.logical_id})"

    @property
    def is_permission(self) -> bool:
        """Whether objects of this kind permit or forbid something."""
        return self.kind in _PERMISSION_KINDS


@dataclass(frozen=True)
class ObjectDifference:
    """A changed object, with its changed lines in YAML."""

    object_id: ObjectId
    text: str


def object_differences(before: Templates, after: Templates) -> list[ObjectDifference]:
    """Return the objects that differ, also those that are new and those that are removed.

    The objects of a stack that is no longer synthesized remain as they are.
    """
    old = {
        object_id: item for object_id, item in _objects(before).items() if object_id.stack in after
    }
    new = _objects(after)
    return [
        ObjectDifference(object_id, text)
        for object_id in sorted({*old, *new})
        if (text := yaml_diff(str(object_id), old.get(object_id), new.get(object_id)))
    ]


def _objects(templates: Templates) -> dict[ObjectId, JsonValue]:
    return dict(item for stack in templates.values() for item in _objects_of(stack))


def _objects_of(stack: StackTemplate) -> Iterator[tuple[ObjectId, JsonValue]]:
    for logical_id, resource in stack.resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == MANIFEST_TYPE:
            for item in parse_json(properties.get("Manifest", "[]")):
                metadata = item.get("metadata", {})
                namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
                kind = str(item.get("kind"))
                yield ObjectId(stack.name, logical_id, kind, str(namespace), str(name)), item
        elif resource["Type"] == _HELM_TYPE:
            yield _helm_release(stack, logical_id, properties)


def _helm_release(
    stack: StackTemplate, logical_id: str, properties: Mapping[str, JsonValue]
) -> tuple[ObjectId, JsonValue]:
    release, namespace = (as_text(properties.get(name, "")) for name in ("Release", "Namespace"))
    shown = {
        "chart": as_text(properties.get("Chart", properties.get("ChartAssetURL", ""))),
        "version": as_text(properties.get("Version", "")),
        "values": parse_json(properties.get("Values", "{}")),
    }
    return ObjectId(stack.name, logical_id, "HelmRelease", namespace, release), shown


def parse_json(text: JsonValue) -> JsonValue:
    """Return the value of a JSON text in a template, with references as texts in `${}`."""
    if isinstance(text, str):
        return json.loads(text)
    parts: list[JsonValue] = text["Fn::Join"][1] if list(text) == ["Fn::Join"] else [text]
    references: dict[str, str] = {}
    pieces: list[str] = []
    for part in parts:
        if not isinstance(part, str):
            placeholder = str(_FIRST_PLACEHOLDER + len(references))
            references[placeholder] = as_text(part)
            part = placeholder
        pieces.append(part)
    return _put_references(json.loads("".join(pieces)), references)


def _put_references(value: JsonValue, references: Mapping[str, str]) -> JsonValue:
    """Return a value with references in place of the numbers that stand for them."""
    if isinstance(value, Mapping):
        return {
            str(_put_references(name, references)): _put_references(item, references)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_put_references(item, references) for item in value]
    if isinstance(value, int) and str(value) in references:
        return references[str(value)]
    if isinstance(value, str) and references:
        pattern = "|".join(references)
        return re.sub(pattern, lambda match: references[match.group()], value)
    return value
