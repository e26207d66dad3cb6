"""Reads the Kubernetes objects in a manifest of a template."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from tools.guard.reference import to_json
from tools.templates.schemas import JsonValue

MANIFEST_TYPE = "Custom::AWSCDK-EKS-KubernetesResource"


def objects_in(properties: Mapping[str, JsonValue]) -> list[Mapping[str, Any]]:
    """Return the Kubernetes objects in the resolved properties of a manifest.

    A reference becomes a number. It is another one if the deployment changes the reference.
    """
    objects: list[Mapping[str, Any]] = json.loads(_manifest_text(properties.get("Manifest", "[]")))
    return objects


def _manifest_text(manifest: JsonValue) -> str:
    """Return the JSON text of a manifest.

    Each reference becomes a number, which is valid JSON inside quotation marks and outside.
    """
    match manifest:
        case str():
            return manifest
        case {"Fn::Join": ["", parts]}:
            return "".join(
                part if isinstance(part, str) else str(zlib.crc32(to_json(part).encode()))
                for part in parts
            )
    return "[]"
