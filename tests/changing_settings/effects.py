"""What a deployment does to a stage when its settings change, as the guard finds it."""

from collections.abc import Iterator, Mapping
from typing import Any

from settings import StageSettings
from tests.changing_settings.interruptions import interruptions
from tests.synthesis import ACCOUNT, synthesize, synthesize_account
from tools.guard.comparison import check_update
from tools.guard.refusal import Refusal
from tools.guard.templates import StackTemplate, Templates
from tools.guard.update import StageUpdate
from tools.templates.schemas import registry_schemas

ACCOUNT_STACK = "spywatcher-account"


def effects(before: StageSettings, after: StageSettings) -> frozenset[str]:
    """Return what a deployment of the changed settings replaces, interrupts or is refused.

    The Region and the account of the stage do not change: another one is another deployment.
    """
    deployed = _deployed(before)
    synthesized = {
        name: _stack(name, stack.region, stack.template, deployed)
        for name, stack in _deployed(after).items()
    }
    update = StageUpdate(deployed, synthesized, registry_schemas())
    comparison = check_update(update)
    found = [_describe_refusal(refusal) for refusal in comparison.refusals]
    found += [f"{each.resource_type} {each.impact.value}" for each in comparison.findings]
    with_data = {finding.name for finding in comparison.findings}
    for resource_id in update.replacements:
        if str(resource_id) not in with_data:
            found.append(f"{update.old_resource(resource_id)['Type']} is replaced")
    for stack in deployed:
        found += interruptions(update, stack)
    return frozenset(found)


def _describe_refusal(refusal: Refusal) -> str:
    """Return the kind of a refusal, without the names of the stage."""
    stack = refusal.name.partition("/")[0].rpartition("-")[2]
    is_export = refusal.subject.startswith("an export")
    kind = "an export in use" if is_export else refusal.subject.partition(",")[0].split(" ")[0]
    helps = "no order of deployments" if _has_no_order(refusal) else "an order of deployments"
    return f"is refused for {kind} of {stack}; {helps} helps"


def _has_no_order(refusal: Refusal) -> bool:
    return any("No order of the deployments helps" in sentence for sentence in refusal.way)


def _deployed(settings: StageSettings) -> Templates:
    """Return the templates of a stage and of its account, with the default parameters."""
    return dict(_stacks(settings))


def _stacks(settings: StageSettings) -> Iterator[tuple[str, StackTemplate]]:
    for region, template in synthesize_account(settings).templates.items():
        yield ACCOUNT_STACK, _stack(ACCOUNT_STACK, region, template, {})
    for stack, template in synthesize(settings).templates.items():
        name = settings.resource_name(stack)
        yield name, _stack(name, settings.region, template, {})


def _stack(
    name: str, region: str, template: Mapping[str, Any], deployed: Templates
) -> StackTemplate:
    """Return a stack. `cdk deploy` keeps the deployed values of its parameters."""
    defaults = {
        key: str(parameter["Default"])
        for key, parameter in template.get("Parameters", {}).items()
        if "Default" in parameter
    }
    kept = deployed[name].parameters if name in deployed else {}
    return StackTemplate(name, region, ACCOUNT, template, parameters={**defaults, **kept})
