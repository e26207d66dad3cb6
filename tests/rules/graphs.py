"""The graphs that the rules are checked on, and faults that are put back into the templates."""

import copy
import functools
from collections.abc import Callable, Mapping

from settings import StageSettings, load_stage, stage_names
from tests.rules.stage_graph import StageGraph
from tests.rules.variants import all_optional_parts, no_optional_parts, unprotected_production
from tests.synthesis import Template, synthesize, synthesize_account

ACCOUNT_STACK = "account"
UNPROTECTED = "production without protection"
_VARIANTS: Mapping[str, Callable[[], StageSettings]] = {
    "every optional part": all_optional_parts,
    "no optional part": no_optional_parts,
    UNPROTECTED: unprotected_production,
}


@functools.cache
def graph(name: str) -> StageGraph:
    """Return the graph of a stage, or of the account stack."""
    region, templates = _templates(name)
    return StageGraph(templates, region)


def graph_with_fault(name: str, put_back: Callable[[dict[str, Template]], None]) -> StageGraph:
    """Return the graph of templates that a function has changed."""
    region, templates = _templates(name)
    changed = copy.deepcopy(templates)
    put_back(changed)
    return StageGraph(changed, region)


def graph_names() -> list[str]:
    return [*stage_names(), *_VARIANTS, ACCOUNT_STACK]


def _templates(name: str) -> tuple[str, dict[str, Template]]:
    if name == ACCOUNT_STACK:
        account = synthesize_account(*map(load_stage, stage_names()))
        ((region, template),) = account.templates.items()
        return region, {ACCOUNT_STACK: template}
    stage = synthesize(_VARIANTS[name]() if name in _VARIANTS else load_stage(name))
    return stage.settings.region, stage.templates
