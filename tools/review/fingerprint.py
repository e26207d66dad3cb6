"""The fingerprint of a deployment: what is deployed, and what would be deployed in its place.

A plan that was approved for one fingerprint must not be carried out for another one. Values of
parameters do not count, because a release changes them and `cdk deploy` keeps them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.review.comparison import StageComparison
from tools.review.errors import ReviewError

_SHORT = 12
_FORMAT = re.compile(r"[0-9a-f]{64}(,[^,:\s]+:[0-9a-f]{12})*")


@dataclass(frozen=True)
class Fingerprint:
    """A SHA-256 hash of the stage, and one of each stack, which says where two differ."""

    stage: str
    stacks: Mapping[str, str]

    def __str__(self) -> str:
        parts = [self.stage, *(f"{name}:{digest}" for name, digest in self.stacks.items())]
        return ",".join(parts)

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Return the fingerprint that a text stands for.

        Raises:
            ReviewError: the text is no fingerprint.
        """
        if not _FORMAT.fullmatch(text):
            raise ReviewError(
                f"--expect: found {text!r}; allowed: the fingerprint that `review --output` writes"
            )
        stage, *parts = text.split(",")
        return cls(stage, dict(part.rsplit(":", 1) for part in parts))


def fingerprint(comparison: StageComparison) -> Fingerprint:
    """Return the fingerprint of a deployment of the synthesized stage."""
    synthesized = {stack.name: stack for stack in comparison.stacks}
    contents: dict[str, Any] = {
        name: {
            "before": comparison.before[name].template if name in comparison.before else None,
            "after": synthesized[name].template if name in synthesized else None,
            "assets": synthesized[name].asset_hashes if name in synthesized else (),
        }
        for name in sorted({*synthesized, *comparison.before})
    }
    return Fingerprint(
        stage=_digest(contents),
        stacks={name: _digest(content)[:_SHORT] for name, content in contents.items()},
    )


def check_fingerprint(expected: str, found: Fingerprint, stage: str) -> None:
    """Refuse a deployment that is not the approved one.

    Raises:
        ReviewError: the fingerprints differ. The text names the stacks.
    """
    approved = Fingerprint.parse(expected)
    if approved.stage == found.stage:
        return
    names = sorted({*approved.stacks, *found.stacks})
    different = [name for name in names if approved.stacks.get(name) != found.stacks.get(name)]
    raise ReviewError(
        f"{stage}: the deployed or the synthesized templates are not those of the approved plan. "
        f"What differs: {', '.join(different) or 'found no single stack'}. Re-run the plan, read "
        "it, and approve again."
    )


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
