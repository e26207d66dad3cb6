"""The container images of the stage: whether their registries have them for the nodes.

The nodes pull without credentials, so these checks send none either. The images of the controllers
and of the add-ons come with their charts and with EKS.
"""

import json
from typing import TYPE_CHECKING

from settings import StageSettings
from settings.versions import POSTGRESQL_CLIENT
from tools.operations.preflight import http
from tools.operations.preflight.row import Row, missing, ok, unknown
from tools.registry import Image, get_manifest

if TYPE_CHECKING:
    from boto3 import Session

_NODE_PLATFORM = ("linux", "amd64")
"""The platform of the node group's AMI type, AL2023_x86_64_STANDARD."""
_NOT_PUBLIC = (401, 403)


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
        response = get_manifest(Image.parse(name))
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
