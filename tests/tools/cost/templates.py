"""Small templates to price, and the synthesized stages as stacks."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from settings import StageSettings, load_stage
from settings.cost import CostSettings
from tests.synthesis import SynthesizedStage
from tools.cost.estimate import Estimate, estimate
from tools.cost.prices import AS_OF
from tools.templates.assembly import AssemblyStack

Resources = dict[str, tuple[str, dict[str, Any]]]
"""Type and properties by logical id."""

NO_USAGE = CostSettings(
    **{
        name: 0
        for name, field in CostSettings.model_fields.items()
        if any(getattr(constraint, "ge", None) == 0 for constraint in field.metadata)
    }
)
"""Cost settings that assume no usage: each setting that can be zero is zero."""


def stack(resources: Resources, name: str = "spywatcher-production-x") -> AssemblyStack:
    template = {
        "Resources": {
            logical_id: {"Type": kind, "Properties": properties}
            for logical_id, (kind, properties) in resources.items()
        }
    }
    return AssemblyStack(name, template, "us-east-1", "111111111111", None, ())


def price(
    resources: Resources,
    assumptions: dict[str, float] | None = None,
    *,
    first_in_account: bool = False,
    today: dt.date = AS_OF,
) -> Estimate:
    """Price a template with no usage but what `assumptions` say."""
    settings = load_stage("production")
    account_wide = settings.account_wide.model_copy(update={"owned": first_in_account})
    costs = NO_USAGE.model_copy(update=assumptions or {})
    settings = settings.model_copy(update={"cost": costs, "account_wide": account_wide})
    return estimate([stack(resources)], settings, today)


def stacks(stage: SynthesizedStage) -> list[AssemblyStack]:
    """Return the stacks of a synthesized stage."""
    prefix = stage.settings.resource_name()
    return [
        AssemblyStack(f"{prefix}-{name}", template, stage.settings.region, "1" * 12, None, ())
        for name, template in stage.templates.items()
    ]


def estimate_of(stage: SynthesizedStage, settings: StageSettings | None = None) -> Estimate:
    """Price a synthesized stage on the day of the price table."""
    return estimate(stacks(stage), settings or stage.settings, AS_OF)


def write_assembly(folder: Path, stage: str, contents: list[AssemblyStack]) -> Path:
    """Write what a synthesis leaves in cdk.out, as far as it is read."""
    inner = folder / f"assembly-{stage}"
    inner.mkdir(parents=True)
    artifacts = {}
    for each in contents:
        (inner / f"{each.name}.json").write_text(json.dumps(each.template))
        artifacts[each.name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/us-east-1",
            "properties": {"templateFile": f"{each.name}.json", "stackName": each.name},
        }
    (inner / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder
