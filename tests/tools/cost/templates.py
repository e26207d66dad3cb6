"""Templates that the cost tests price."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from settings import StageSettings, load_stage, stage_names
from settings.cost import CostSettings
from tests.synthesis import SynthesizedStage, synthesize_account
from tools.cost.estimate import Estimate, estimate
from tools.cost.prices import AS_OF
from tools.templates.assembly import AssemblyStack

Resources = dict[str, tuple[str, dict[str, Any]]]
"""The type and the properties of each resource, by logical id."""

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
            logical_id: {"Type": resource_type, "Properties": properties}
            for logical_id, (resource_type, properties) in resources.items()
        }
    }
    return AssemblyStack(name, template, "us-east-1", "111111111111", None, ())


def price(
    resources: Resources,
    assumptions: dict[str, float] | None = None,
    *,
    uses_free_tier: bool = False,
    today: dt.date = AS_OF,
) -> Estimate:
    """Return the estimate of a template. `assumptions` holds the only usage."""
    settings = load_stage("production")
    monitoring = settings.monitoring.model_copy(update={"account_wide": uses_free_tier})
    costs = NO_USAGE.model_copy(update=assumptions or {})
    settings = settings.model_copy(update={"cost": costs, "monitoring": monitoring})
    return estimate([stack(resources)], settings, today)


def stacks(stage: SynthesizedStage) -> list[AssemblyStack]:
    """Return the stacks of the stage, and the account stack if the stage monitors the account."""
    region, prefix = stage.settings.region, stage.settings.resource_name()
    templates = {f"{prefix}-{name}": template for name, template in stage.templates.items()}
    if stage.settings.monitoring.account_wide:
        account = synthesize_account(*map(load_stage, stage_names()))
        templates["spywatcher-account"] = account.templates[region]
    return [
        AssemblyStack(name, template, region, "1" * 12, None, ())
        for name, template in templates.items()
    ]


def estimate_of(stage: SynthesizedStage, settings: StageSettings | None = None) -> Estimate:
    """Return the estimate of a synthesized stage on the day of the price table."""
    return estimate(stacks(stage), settings or stage.settings, AS_OF)


def write_assembly(folder: Path, stage: str, stacks: list[AssemblyStack]) -> Path:
    """Write the files of a cloud assembly that `read_stage` reads; return the folder."""
    inner = folder / f"assembly-{stage}"
    inner.mkdir(parents=True)
    artifacts = {}
    for stack in stacks:
        (inner / f"{stack.name}.json").write_text(json.dumps(stack.template))
        artifacts[stack.name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/us-east-1",
            "properties": {"templateFile": f"{stack.name}.json", "stackName": stack.name},
        }
    (inner / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder
