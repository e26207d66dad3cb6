"""Formats an estimate, or the difference between two, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tools.cost import prices
from tools.cost.components import ALL_COMPONENTS, Component
from tools.cost.estimate import Estimate

_NAME_WIDTH = 31
_INDENT = " " * (_NAME_WIDTH + 22)


def format_table(estimate: Estimate) -> str:
    """Return a table of the components: the design's cost, the estimate and its line items."""
    design_usd = f"{estimate.design_usd}" if estimate.design else ""
    return "\n".join(
        [
            f"{estimate.stage}: USD per month, list prices of {prices.REGION} of {prices.AS_OF}",
            "",
            _row("", "design", "estimate", "consists of"),
            *_design_section(estimate),
            *_rows(estimate, estimate.components_not_in_design),
            *_subtotal_not_in_design(estimate),
            "",
            _row("total", design_usd, f"{estimate.usd:,.2f}"),
            "",
            summarize(estimate),
            *_notes(estimate),
        ]
    )


def summarize(estimate: Estimate) -> str:
    """Return a sentence that compares the total with the design and with the budget."""
    over_budget = estimate.usd - estimate.budget_usd
    side = "over" if over_budget > 0 else "under"
    budget = f"{abs(over_budget):,.2f} {side} the budget of {estimate.budget_usd}"
    if not estimate.design:
        return f"The design has no table for {estimate.stage}. The estimate is {budget}."
    over_design = estimate.usd - estimate.design_usd
    side = "more" if over_design > 0 else "less"
    return f"{abs(over_design):,.2f} {side} than the design's {estimate.design_usd}; {budget}."


def to_document(estimate: Estimate) -> dict[str, Any]:
    """Return the estimate as a JSON document, with the source of each price."""
    return {
        "stage": estimate.stage,
        "region": prices.REGION,
        "prices_as_of": prices.AS_OF.isoformat(),
        "currency": "USD",
        "total": float(estimate.usd),
        "design_total": estimate.design_usd or None,
        "budget": estimate.budget_usd,
        "components": [
            {
                "name": component.name,
                "design": estimate.design.get(component),
                "estimate": float(estimate.cost_of(component)),
                "lines": [
                    {
                        "what": item.what,
                        "quantity": float(item.quantity),
                        "unit": item.price.unit,
                        "price": float(item.price.usd),
                        "price_source": item.price.source,
                        "assumed_in": item.assumption,
                        "usd": float(item.usd),
                    }
                    for item in estimate.items_of(component)
                ],
            }
            for component in estimate.components
        ],
        "assumptions": dict(estimate.assumptions),
        "not_counted": dict(estimate.negligible),
    }


def format_difference(old: Estimate, new: Estimate, revision: str) -> str:
    """Return a table of the components whose cost differs from that of a git revision."""
    rows = [
        (component.name, old.cost_of(component), new.cost_of(component))
        for component in _changed_components(old, new)
    ]
    title = f"{new.stage}: USD per month, against {revision} (under today's assumptions)"
    if not rows:
        return f"{title}\n\nNo difference: {new.usd:,.2f} before and after."
    rows.append(("total", old.usd, new.usd))
    lines = [
        f"{name:{_NAME_WIDTH}}{before:>10,.2f}{after:>10,.2f}{after - before:>+10,.2f}"
        for name, before, after in rows
    ]
    head = f"{'':{_NAME_WIDTH}}{'before':>10}{'after':>10}{'change':>10}"
    return "\n".join([title, "", head, *lines])


def to_difference_document(old: Estimate, new: Estimate, revision: str) -> dict[str, Any]:
    """Return the difference from a git revision as a JSON document."""
    return {
        "revision": revision,
        "before": float(old.usd),
        "change": float(new.usd - old.usd),
        "components": [
            {
                "name": component.name,
                "before": float(old.cost_of(component)),
                "after": float(new.cost_of(component)),
                "change": float(new.cost_of(component) - old.cost_of(component)),
            }
            for component in _changed_components(old, new)
        ],
    }


def to_json(document: dict[str, Any]) -> str:
    """Return a document as the text of a file."""
    return json.dumps(document, indent=2) + "\n"


def _changed_components(old: Estimate, new: Estimate) -> list[Component]:
    return [
        component
        for component in ALL_COMPONENTS
        if old.cost_of(component) != new.cost_of(component)
    ]


def _design_section(estimate: Estimate) -> Iterator[str]:
    if estimate.design:
        cost = estimate.cost_of(*estimate.components_in_design)
        yield from _rows(estimate, estimate.components_in_design)
        yield _row("subtotal", f"{estimate.design_usd}", f"{cost:,.2f}")
        yield ""
        yield "Not in the design's table:"


def _subtotal_not_in_design(estimate: Estimate) -> Iterator[str]:
    if estimate.design:
        cost = estimate.cost_of(*estimate.components_not_in_design)
        yield _row("subtotal", "", f"{cost:,.2f}")


def _notes(estimate: Estimate) -> Iterator[str]:
    yield ""
    yield f"Assumed usage (settings/{estimate.stage}.yaml, cost):"
    for name, value in estimate.assumptions.items():
        yield f"  {name:42}{value:>12,g}"
    if items := estimate.items_with_unchecked_price:
        yield ""
        yield f"Prices that were not re-checked on {prices.AS_OF}:"
        for item in items:
            yield f"  {item.component.name}, {item}"
    if estimate.negligible:
        yield ""
        yield "Not counted, because the cost is negligible:"
        for resource_type, price in estimate.negligible.items():
            yield f"  {resource_type}: {price}"


def _rows(estimate: Estimate, components: Iterable[Component]) -> Iterator[str]:
    for component in components:
        design_usd = f"{estimate.design.get(component, '')}"
        first, *others = [str(item) for item in estimate.items_of(component)] or [""]
        yield _row(component.name, design_usd, f"{estimate.cost_of(component):,.2f}", first)
        yield from (_INDENT + item for item in others)


def _row(name: str, design_usd: str, usd: str, line_item: str = "") -> str:
    return f"{name:{_NAME_WIDTH}}{design_usd:>8}{usd:>12}  {line_item}".rstrip()
