"""Finds the digest of an image, so that each pod of a release runs the same one."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from tools.operations.preflight.http import UnreachableError
from tools.registry import Image, get_manifest
from tools.release.errors import ReleaseError

_DIGEST_HEADER = "Docker-Content-Digest"
"""The header with the digest of a manifest (OCI Distribution Specification, "Pulling
manifests")."""


def resolve_image(name: str, *, requires_digest: bool) -> tuple[str, str]:
    """Return the name of an image with its digest, and a warning, which can be empty.

    Args:
        name: the image with a tag or a digest.
        requires_digest: whether a name without a digest is refused if its digest cannot be read.

    Raises:
        ReleaseError: the registry has no such image, or the digest is required and unknown.
    """
    image = Image.parse(name)
    if not image.repository or not image.reference:
        raise ReleaseError(
            f"--image: found {name}; allowed: an image with a tag or a digest, such as "
            "ghcr.io/owner/app:1.4.0"
        )
    try:
        response = get_manifest(image)
    except UnreachableError as error:
        return _unresolved(name, str(error), requires_digest=requires_digest)
    if response.status == HTTPStatus.NOT_FOUND:
        raise ReleaseError(f"--image: {name} is not in the registry {image.registry}")
    if response.status != HTTPStatus.OK:
        reason = f"{image.registry} returns the status {response.status}"
        return _unresolved(name, reason, requires_digest=requires_digest)
    if "@" in name:
        return name, ""
    found = response.headers.get(_DIGEST_HEADER)
    digest = found or f"sha256:{hashlib.sha256(response.body).hexdigest()}"
    return f"{name.removesuffix(f':{image.reference}')}@{digest}", ""


def _unresolved(name: str, reason: str, *, requires_digest: bool) -> tuple[str, str]:
    warning = f"cannot check that the image {name} exists: {reason}"
    if "@" in name or not requires_digest:
        return name, warning
    raise ReleaseError(
        f"--image: found the tag {name}, whose digest cannot be read: {reason}. Allowed in this "
        "stage: an image with its digest, such as ghcr.io/owner/app@sha256:..."
    )
