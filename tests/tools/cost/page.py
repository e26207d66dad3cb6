"""Writes docs/cost.md: both stages beside the design, and why the totals differ."""

from collections.abc import Iterator, Mapping, Sequence

from tools.cost import components as c
from tools.cost import prices
from tools.cost.components import Component
from tools.cost.estimate import Estimate
from tools.cost.report import verdict

_INTRODUCTION = f"""\
# What it costs

Made from the code; `python3 dev.py test tests/cost --snapshot-update` writes it anew.

All figures are USD a month of {prices.HOURS_PER_MONTH} hours, on demand, without tax, at AWS's list prices of
{prices.REGION} of {prices.AS_OF} (`tools/cost/prices.py`, each with its source). Sizes and counts
are read from the synthesized templates. Usage, which no template shows, is assumed in the settings
(`settings/cost.py`), and marked so here: once there is a bill, put its numbers there.

    python3 dev.py cost production                      # this table, of the working copy
    python3 dev.py cost production --against main       # what a change adds
    python3 dev.py cost production --json cost.json
"""

_WHY_DIFFERENT: Mapping[Component, str] = {
    c.CLUSTER: "730 hours of a version in standard support.",
    c.NODES: "The list price of the nodes that the group starts with. A Savings Plan lowers it; "
    "the autoscaler moves it between the group's bounds.",
    c.DATABASE: "The list price of the instance, of its standby where there is one, and of the "
    "storage; the design's figure is over their sum.",
    c.CACHE: "The list price of the nodes.",
    c.LOAD_BALANCER: "A fixed price by the hour, and the traffic that is assumed.",
    c.DATA_TRANSFER: "Assumed traffic: 0.09 a GiB to the internet, 0.02 between zones.",
    c.BACKUPS_AND_MONITORING: "Backups as large as the storage are free; logs are most of it.",
}

_NOTES = f"""\
## How to read it

- What each account has free once goes to the stage that owns the account (`account_wide.owned`):
  {prices.FREE_DASHBOARDS} dashboards, {prices.FREE_ALARM_METRICS} alarm metrics, \
{prices.FREE_LOG_GIB} GiB of logs, {prices.FREE_DATA_OUT_GIB} GiB to the internet, the first trail.
  A stage that shares its account pays for its own; for a second trail, by the event.
- Keys rotate yearly, and the first two rotations of a key each add 1.00 a month: after two years
  the keys cost three times as much (`cost.key_rotations`).
- A Kubernetes version in extended support costs six times as much: 438.00 instead of 73.00.
- T3 instances that need more than their baseline for long pay for it on top, on EC2 0.05 per
  vCPU-hour. That is not in here; neither is what `cdk bootstrap` leaves in S3, which is cents.
- A stage's budget (`cost.monthly_budget_usd`) is the design's total. Where the estimate is over it,
  the budget speaks up in a normal month: raise it, or save. The largest saving that one setting
  makes is `network.nat_gateways: 1`, 73.00 a month in production (decisions/0002 says what for).
"""


def page(estimates: Sequence[Estimate]) -> str:
    """Return the whole document."""
    parts = [_INTRODUCTION]
    for estimate in estimates:
        parts.append("\n".join(_stage(estimate)))
    return "\n".join([*parts, _NOTES])


def _stage(estimate: Estimate) -> Iterator[str]:
    yield f"## {estimate.stage.capitalize()}"
    yield ""
    yield f"**{estimate.usd:,.2f} USD a month**: {verdict(estimate)}"
    yield ""
    yield "| component | design | estimate | consists of |"
    yield "|---|--:|--:|---|"
    for component in (*estimate.designed(), *estimate.left_out()):
        lines = "<br>".join(map(str, estimate.lines_of(component)))
        design = estimate.design.get(component, "")
        yield f"| {component.name} | {design} | {estimate.of(component):,.2f} | {lines} |"
    yield f"| **total** | **{estimate.design_usd}** | **{estimate.usd:,.2f}** | |"
    yield ""
    yield f"### Why it is not {estimate.design_usd}"
    yield ""
    yield "| component | more or less | because |"
    yield "|---|--:|---|"
    for component in estimate.designed():
        change = estimate.of(component) - estimate.design[component]
        yield f"| {component.name} | {change:+,.2f} | {_WHY_DIFFERENT[component]} |"
    for component in estimate.left_out():
        because = f"Not in the design's table: {component.why}."
        yield f"| {component.name} | {estimate.of(component):+,.2f} | {because} |"
    yield f"| **total** | **{estimate.usd - estimate.design_usd:+,.2f}** | |"
    yield ""
    yield "Assumed: " + _sentence(estimate.assumptions)
    yield ""
    if unchecked := estimate.unchecked():
        prices_of = sorted({f"{each.component.name} ({each})" for each in unchecked})
        yield f"Prices not re-checked on {prices.AS_OF}: {'; '.join(prices_of)}."
        yield ""
    if estimate.negligible:
        items = [f"{key} ({why})" for key, why in estimate.negligible.items()]
        yield f"Used, and too little to count: {'; '.join(items)}."
        yield ""


def _sentence(assumptions: Mapping[str, float]) -> str:
    return ", ".join(f"`{key}` {value:,g}" for key, value in assumptions.items()) + "."
