"""Reads manifests from container registries, without credentials."""

import json
import re
from typing import NamedTuple
from urllib.parse import urlencode

from tools.operations.preflight import http

_INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Image(NamedTuple):
    """The parts of an image's name."""

    registry: str
    repository: str
    reference: str
    """The tag or the digest."""

    @classmethod
    def parse(cls, name: str) -> "Image":
        """Return the parts of a name, with the defaults of Docker Hub."""
        name, at, digest = name.partition("@")
        host, slash, path = name.partition("/")
        if not slash or not re.search(r"[.:]", host):
            host, path = "docker.io", name
        path, _, tag = path.partition(":")
        if host == "docker.io":
            host, path = "registry-1.docker.io", path if "/" in path else f"library/{path}"
        return cls(host, path, digest if at else tag)


def get_manifest(image: Image) -> http.Response:
    """Request the manifest of an image (OCI Distribution Specification, "Pulling manifests").

    Raises:
        UnreachableError: the registry, or the server that it names for tokens, cannot be reached.
    """
    url = f"https://{image.registry}/v2/{image.repository}/manifests/{image.reference}"
    headers = {"Accept": ", ".join((*_INDEX_TYPES, *_MANIFEST_TYPES))}
    response = http.get(url, headers)
    if response.status != 401:
        return response
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', response.headers.get("WWW-Authenticate", "")))
    if "realm" not in challenge:
        return response
    realm = challenge.pop("realm")
    challenge.setdefault("scope", f"repository:{image.repository}:pull")
    answer = http.get(f"{realm}?{urlencode(challenge)}")
    if answer.status != 200:
        return answer
    token = json.loads(answer.body)
    bearer = token.get("token") or token.get("access_token", "")
    return http.get(url, headers | {"Authorization": f"Bearer {bearer}"})
