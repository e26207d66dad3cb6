"""Shows an estimate: as a table on the terminal, as JSON, and beside another one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tools.cost import prices
from tools.cost.components import COMPONENTS, Component
from tools.cost.estimate import Estimate

_NAME = 31
_INDENT = " " * (_NAME + 22)


def text(estimate: Estimate) -> str:
    """Return the table: by component, what the design says, the estimate, what it consists of."""
    lines = [
        f"{estimate.stage}: a month in USD, list prices of {prices.REGION} of {prices.AS_OF}",
        "",
        _row("", "design", "estimate", "consists of"),
        *_rows(estimate, estimate.designed()),
    ]
    designed = estimate.total_of(estimate.designed())
    left_out = estimate.total_of(estimate.left_out())
    if estimate.design:
        lines += [_row("what the design counts", f"{estimate.design_usd}", f"{designed:,.2f}"), ""]
        lines += ["Not in the design's table:"]
    lines += [*_rows(estimate, estimate.left_out())]
    if estimate.design:
        lines += [_row("what the design leaves out", "", f"{left_out:,.2f}")]
    lines += ["", _row("total", f"{estimate.design_usd or ''}", f"{estimate.usd:,.2f}"), ""]
    lines += [verdict(estimate), "", f"Assumed (settings/{estimate.stage}.yaml, cost):"]
    lines += [f"  {key:42}{value:>12,g}" for key, value in estimate.assumptions.items()]
    if unchecked := estimate.unchecked():
        lines += ["", f"Prices that were not re-checked on {prices.AS_OF}:"]
        lines += [f"  {line.component.name}, {line}" for line in unchecked]
    if estimate.negligible:
        lines += ["", "Used, and too little to count:"]
        lines += [f"  {key}: {why}" for key, why in estimate.negligible.items()]
    return "\n".join(lines)


def verdict(estimate: Estimate) -> str:
    """Return one sentence on the total: against the design, and against the budget."""
    over = estimate.usd - estimate.budget_usd
    side = "over" if over > 0 else "under"
    budget = f"{abs(over):,.2f} {side} the budget of {estimate.budget_usd}"
    if not estimate.design:
        return f"The design has no table for {estimate.stage}. The estimate is {budget}."
    design = estimate.usd - estimate.design_usd
    side = "more" if design > 0 else "less"
    return f"{abs(design):,.2f} {side} than the design's {estimate.design_usd}; {budget}."


def document(estimate: Estimate) -> dict[str, Any]:
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
                "estimate": float(estimate.of(component)),
                "lines": [
                    {
                        "what": line.what,
                        "quantity": float(line.quantity),
                        "unit": line.price.unit,
                        "price": float(line.price.usd),
                        "price_source": line.price.source,
                        "assumed_in": line.assumption,
                        "usd": float(line.usd),
                    }
                    for line in estimate.lines_of(component)
                ],
            }
            for component in (*estimate.designed(), *estimate.left_out())
        ],
        "assumptions": dict(estimate.assumptions),
        "not_counted": dict(estimate.negligible),
    }


def difference(old: Estimate, new: Estimate, revision: str) -> str:
    """Return what each component costs more or less than before; unchanged ones are left out."""
    rows = [
        (component.name, old.of(component), new.of(component)) for component in _changed(old, new)
    ]
    title = f"{new.stage}: a month in USD, against {revision} (under today's assumptions)"
    if not rows:
        return f"{title}\n\nNo difference: {new.usd:,.2f} before and after."
    rows.append(("total", old.usd, new.usd))
    shown = [f"{name:{_NAME}}{a:>10,.2f}{b:>10,.2f}{b - a:>+10,.2f}" for name, a, b in rows]
    head = f"{'':{_NAME}}{'before':>10}{'after':>10}{'change':>10}"
    return "\n".join([title, "", head, *shown])


def difference_document(old: Estimate, new: Estimate, revision: str) -> dict[str, Any]:
    """Return the difference as a JSON document."""
    return {
        "revision": revision,
        "before": float(old.usd),
        "change": float(new.usd - old.usd),
        "components": [
            {
                "name": component.name,
                "before": float(old.of(component)),
                "after": float(new.of(component)),
                "change": float(new.of(component) - old.of(component)),
            }
            for component in _changed(old, new)
        ],
    }


def to_json(content: dict[str, Any]) -> str:
    """Return a document as a file holds it."""
    return json.dumps(content, indent=2) + "\n"


def _changed(old: Estimate, new: Estimate) -> list[Component]:
    return [each for each in COMPONENTS if old.of(each) != new.of(each)]


def _rows(estimate: Estimate, components: Iterable[Component]) -> Iterator[str]:
    for component in components:
        design = estimate.design.get(component, "")
        first, *rest = [str(line) for line in estimate.lines_of(component)] or [""]
        yield _row(component.name, f"{design}", f"{estimate.of(component):,.2f}", first)
        yield from (_INDENT + line for line in rest)


def _row(name: str, design: str, usd: str, consists_of: str = "") -> str:
    return f"{name:{_NAME}}{design:>8}{usd:>12}  {consists_of}".rstrip()
