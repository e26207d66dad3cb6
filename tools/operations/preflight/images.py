"""The container images of the stage: whether their registries have them for the nodes.

The nodes pull without credentials, so these checks send none either. The images of the controllers
and of the add-ons come with their charts and with EKS.
"""

import json
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from settings import StageSettings
from settings.versions import POSTGRESQL_CLIENT
from tools.operations.preflight import http
from tools.operations.preflight.row import Row, missing, ok, unknown

if TYPE_CHECKING:
    from boto3 import Session

_INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_NODE_PLATFORM = ("linux", "amd64")
"""The platform of the node group's AMI type, AL2023_x86_64_STANDARD."""
_NOT_PUBLIC = (401, 403)


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


def check_images(session: "Session", settings: StageSettings) -> list[Row]:
    """Check the manifest of each image that the settings and the charts of this project name."""
    rows = [
        _check_image(
            f"Image of {name}",
            service.image,
            fix=f"set services.{name}.image in settings/{settings.stage}.yaml",
        )
        for name, service in settings.services.by_name().items()
    ]
    fix = "set POSTGRESQL_CLIENT in settings/versions.py"
    return [*rows, _check_image("Image of psql", POSTGRESQL_CLIENT, fix=fix)]


def _check_image(subject: str, name: str, *, fix: str) -> Row:
    allowed = "an image that the registry shows without credentials"
    try:
        response = _get_manifest(Image.parse(name))
    except http.UnreachableError as error:
        return unknown(subject, str(error))
    if response.status in (*_NOT_PUBLIC, 404):
        found = f"{name} is not {'public' if response.status in _NOT_PUBLIC else 'in the registry'}"
        return missing(subject, found, allowed=allowed, fix=fix)
    if response.status != 200:
        return unknown(subject, f"{name}: the registry returns HTTP status {response.status}")
    manifest = json.loads(response.body)
    if "manifests" not in manifest:
        return ok(subject, name)
    platforms = {
        (entry["platform"]["os"], entry["platform"]["architecture"])
        for entry in manifest["manifests"]
        if "platform" in entry
    }
    if _NODE_PLATFORM in platforms:
        return ok(subject, f"{name} for linux/amd64")
    found = f"{name} is only for {', '.join(sorted('/'.join(platform) for platform in platforms))}"
    return missing(subject, found, allowed="linux/amd64, the platform of the nodes", fix=fix)


def _get_manifest(image: Image) -> http.Response:
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
