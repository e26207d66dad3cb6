"""Generates docs/cost.md: the estimate of each stage, beside the design's table."""

from collections.abc import Iterator, Mapping, Sequence

from tools.cost import components as c
from tools.cost import prices
from tools.cost.components import Component
from tools.cost.estimate import Estimate
from tools.cost.report import summarize

_INTRODUCTION = f"""\
# What it costs

This page is generated: `python3 dev.py test tests/tools/cost --snapshot-update`.

All figures are USD per month of {prices.HOURS_PER_MONTH} hours, on demand and without tax.
The prices are AWS's list prices in {prices.REGION} on {prices.AS_OF}.
`tools/cost/prices.py` has the source of each price.

The estimate reads sizes and counts from the synthesized templates. Templates do not show usage, so
the settings assume it (`settings/cost.py`), and this page marks it as assumed. Replace the
assumptions by the usage of the bill when there is one.

    python3 dev.py cost production                      # this table, for the working copy
    python3 dev.py cost production --against main       # what a change adds
    python3 dev.py cost production --json cost.json     # also as JSON
"""

_REASONS: Mapping[Component, str] = {
    c.CLUSTER: "730 hours of a Kubernetes version in standard support.",
    c.NODES: "The list price of the desired number of nodes. A Savings Plan lowers it. The cluster "
    "autoscaler changes the number of nodes within the bounds of the group.",
    c.DATABASE: "The list price of the instance, its standby (if it has one) and the storage. The "
    "design's figure is higher than their sum.",
    c.CACHE: "The list price of the nodes.",
    c.LOAD_BALANCER: "The list price of the hours, and the assumed capacity units.",
    c.DATA_TRANSFER: "The assumed traffic: 0.09 per GiB to the internet, 0.02 between zones.",
    c.BACKUPS_AND_MONITORING: "Backups up to the size of the storage are free. Most of the cost is "
    "for logs.",
}
"""Why the estimate of a component differs from the design's table."""

_NOTES = f"""\
## How to read it

- The account stack and the Free Tier of an account count for the stage that monitors the account
  (`monitoring.account_wide`). The Free Tier includes the first trail, {prices.FREE_DASHBOARDS} \
dashboards, {prices.FREE_ALARM_METRICS} alarm
  metrics, {prices.FREE_LOG_GIB} GiB of logs and {prices.FREE_DATA_OUT_GIB} GiB of traffic to the \
internet. Another stage of the same
  account pays the full price.
- KMS rotates the keys every year. The first two rotations of a key each add 1.00 per month. After
  two years the keys cost three times as much (`cost.key_rotations`).
- A Kubernetes version in extended support costs 438.00 instead of 73.00.
- T3 instances that use more CPU than their baseline pay for it, on EC2 0.05 per vCPU-hour. The
  estimate does not include this. It also does not include the objects of `cdk bootstrap` in S3,
  which cost a few cents.
- The budget of a stage (`cost.monthly_budget_usd`) is the design's total. If the estimate is over
  the budget, AWS Budgets sends an alert in a normal month. Then raise the budget or reduce the
  cost. The setting that saves most is `network.nat_gateways: 1`: 73.00 per month in production
  ([NAT or endpoints](decisions/0002-nat-or-endpoints.md)).
"""


def page(estimates: Sequence[Estimate]) -> str:
    """Return the text of docs/cost.md."""
    sections = ["\n".join(_stage_section(estimate)) for estimate in estimates]
    return "\n".join([_INTRODUCTION, *sections, _NOTES])


def _stage_section(estimate: Estimate) -> Iterator[str]:
    yield f"## {estimate.stage.capitalize()}"
    yield ""
    yield f"**{estimate.usd:,.2f} USD per month**: {summarize(estimate)}"
    yield ""
    yield from _components_table(estimate)
    yield ""
    yield f"### Why it is not {estimate.design_usd}"
    yield ""
    yield from _differences_table(estimate)
    yield ""
    assumptions = [f"`{name}` {value:,g}" for name, value in estimate.assumptions.items()]
    yield f"Assumed usage: {', '.join(assumptions)}."
    yield ""
    if items := estimate.items_with_unchecked_price:
        texts = sorted({f"{item.component.name} ({item})" for item in items})
        yield f"Prices that were not re-checked on {prices.AS_OF}: {'; '.join(texts)}."
        yield ""
    if estimate.negligible:
        texts = [f"{name} ({price})" for name, price in estimate.negligible.items()]
        yield f"Not counted, because the cost is negligible: {'; '.join(texts)}."
        yield ""


def _components_table(estimate: Estimate) -> Iterator[str]:
    yield "| component | design | estimate | consists of |"
    yield "|---|--:|--:|---|"
    for component in estimate.components:
        items = "<br>".join(map(str, estimate.items_of(component)))
        design_usd = estimate.design.get(component, "")
        yield f"| {component.name} | {design_usd} | {estimate.cost_of(component):,.2f} | {items} |"
    yield f"| **total** | **{estimate.design_usd}** | **{estimate.usd:,.2f}** | |"


def _differences_table(estimate: Estimate) -> Iterator[str]:
    yield "| component | difference | reason |"
    yield "|---|--:|---|"
    for component in estimate.components_in_design:
        difference = estimate.cost_of(component) - estimate.design[component]
        yield f"| {component.name} | {difference:+,.2f} | {_REASONS[component]} |"
    for component in estimate.components_not_in_design:
        reason = f"Not in the design's table: {component.purpose}."
        yield f"| {component.name} | {estimate.cost_of(component):+,.2f} | {reason} |"
    yield f"| **total** | **{estimate.usd - estimate.design_usd:+,.2f}** | |"
