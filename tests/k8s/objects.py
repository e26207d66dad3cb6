"""The objects of a synthesized stage, as the tests of the charts ask for them."""

import re
from decimal import Decimal
from typing import Any

from tests.synthesis import SynthesizedStage

Object = dict[str, Any]

QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi)?")
UNITS: dict[str, Decimal | int] = {
    "m": Decimal("0.001"),
    **{"k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30},
}


def objects(stage: SynthesizedStage) -> list[Object]:
    """Return every object, as the first deployment applies it."""
    return stage.released()


def pods(stage: SynthesizedStage) -> list[Object]:
    """Return every pod template."""
    found = [
        item["spec"]["template"] for item in objects(stage) if "template" in item.get("spec", {})
    ]
    assert len(found) == 4, "two Deployments and two Jobs"
    return found


def containers(stage: SynthesizedStage) -> list[Object]:
    return [container for pod in pods(stage) for container in pod["spec"]["containers"]]


def amount(quantity: str) -> Decimal:
    """Return a quantity as a number: cores, bytes or a count."""
    match = QUANTITY.fullmatch(quantity)
    assert match, f"{quantity} is no quantity"
    return Decimal(match[1]) * UNITS.get(match[2] or "", 1)
