"""What a deployment adds to the cost of a stage."""

from __future__ import annotations

import datetime as dt

from tools.cost import report
from tools.cost.errors import CostError
from tools.cost.estimate import Estimate, estimate
from tools.guard.templates import Templates
from tools.review.comparison import StageComparison
from tools.templates.assembly import AssemblyStack


def cost_difference(comparison: StageComparison, today: dt.date) -> str:
    """Return a table of the components whose cost differs; empty if none does.

    The settings of today estimate the usage before and after, so that only the resources differ.
    The account stack is not part of a stage's deployment, so it does not count.
    """
    try:
        old = _estimate(comparison, comparison.update.deployed, today)
        new = _estimate(comparison, comparison.update.synthesized, today)
    except CostError as error:
        return f"The cost cannot be estimated: {error}"
    if old.usd == new.usd and not report.to_difference_document(old, new, "")["components"]:
        return ""
    baseline = f"{comparison.baseline} {comparison.baseline_name}".rstrip()
    return report.format_difference(old, new, baseline)


def _estimate(comparison: StageComparison, templates: Templates, today: dt.date) -> Estimate:
    stacks = [
        AssemblyStack(stack.name, stack.template, stack.region, stack.account, None, ())
        for stack in templates.values()
    ]
    return estimate(stacks, comparison.settings, today)
