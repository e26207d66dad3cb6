"""The context values of cdk.json, which the CDK CLI passes to the app."""

import json
from pathlib import Path
from typing import Any

_DEFAULT_QUALIFIER = "hnb659fds"
"""The CDK names the resources of the bootstrap stack with it, unless cdk.json has another one."""


def read_context(root: Path) -> dict[str, Any]:
    """Return the context of the cdk.json in a folder."""
    context: dict[str, Any] = json.loads((root / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context


def bootstrap_qualifier(root: Path) -> str:
    """Return the qualifier of the bootstrap stack that the app in a folder uses."""
    return str(read_context(root).get("@aws-cdk/core:bootstrapQualifier", _DEFAULT_QUALIFIER))
