"""The Kubernetes objects of a synthesized stage, as the tests read them."""

import re
from decimal import Decimal
from typing import Any

from tests.synthesis import SynthesizedStage

Object = dict[str, Any]

SERVICES = ("backend", "frontend")

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi)?")
_UNITS: dict[str, Decimal | int] = {
    "m": Decimal("0.001"),
    **{"k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30},
}


def objects(stage: SynthesizedStage) -> list[Object]:
    """Return every object, as the first deployment applies it."""
    return stage.released()


def objects_of_kind(stage: SynthesizedStage, kind: str) -> list[Object]:
    return [item for item in objects(stage) if item["kind"] == kind]


def pod_templates(stage: SynthesizedStage) -> list[Object]:
    """Return the pod templates of the Deployments and the Jobs."""
    templates = [
        item["spec"]["template"] for item in objects(stage) if "template" in item.get("spec", {})
    ]
    assert len(templates) == 4, "two Deployments and two Jobs"
    return templates


def containers(stage: SynthesizedStage) -> list[Object]:
    """Return the containers of all pod templates."""
    return [item for template in pod_templates(stage) for item in template["spec"]["containers"]]


def deployment_spec(stage: SynthesizedStage, service: str) -> Object:
    spec: Object = stage.manifest("Deployment", f"spywatcher-{service}")["spec"]
    return spec


def pod_spec(stage: SynthesizedStage, service: str) -> Object:
    spec: Object = deployment_spec(stage, service)["template"]["spec"]
    return spec


def service_container(stage: SynthesizedStage, service: str) -> Object:
    """Return the container of a service, with references to parameters as `${Parameter}`."""
    (container,) = pod_spec(stage, service)["containers"]
    return dict(container)


def amount(quantity: str) -> Decimal:
    """Return a quantity as a number of cores, bytes or items."""
    match = _QUANTITY.fullmatch(quantity)
    assert match, f"{quantity} is not a quantity"
    return Decimal(match[1]) * _UNITS.get(match[2] or "", 1)
