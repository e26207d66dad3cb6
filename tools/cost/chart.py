"""Draws an estimate as an SVG: bars by component, the design's figure above the estimate's."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from html import escape

from tools.cost import prices
from tools.cost.estimate import Estimate

_WIDTH = 860
_LABELS = 230
_PLOT = 520
_BAR = 11
_ROW = 34
_TOP = 96
_DESIGN = "#9aa5b1"
_ESTIMATE = "#1f6feb"
_LEFT_OUT = "#d97706"
_TEXT = "#24292f"
_QUIET = "#57606a"
_GRID = "#e4e7eb"


def svg(estimate: Estimate) -> str:
    """Return the chart as a self-contained file."""
    components = [*estimate.designed(), *estimate.left_out()]
    values = [max(estimate.of(each), Decimal(estimate.design.get(each, 0))) for each in components]
    step = _step(max(values, default=Decimal(1)))
    ticks = int(max(values, default=Decimal(1)) / step) + 1
    scale = _PLOT / float(step * ticks)
    bottom = _TOP + _ROW * len(components)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 44}" '
        f'width="{_WIDTH}" height="{bottom + 44}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" '
        f'font-size="12" fill="{_TEXT}">',
        f"<title>{escape(_title(estimate))}</title>",
        f'<rect width="{_WIDTH}" height="{bottom + 44}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="16" font-weight="600">{escape(_title(estimate))}</text>',
        *_legend(estimate),
        *_grid(int(step), ticks, scale, bottom),
    ]
    for index, component in enumerate(components):
        y = _TOP + _ROW * index
        design = estimate.design.get(component)
        center = y + _ROW / 2
        parts.append(
            f'<text x="{_LABELS - 10}" y="{center + 4:g}" text-anchor="end">'
            f"{escape(component.name)}</text>"
        )
        usd = estimate.of(component)
        if design is None:
            color = _LEFT_OUT if estimate.design else _ESTIMATE
            parts += _bar(center - _BAR / 2, float(usd), f"{usd:,.2f}", color, scale)
        else:
            parts += _bar(center - _BAR - 1, design, f"{design}", _DESIGN, scale)
            parts += _bar(center + 1, float(usd), f"{usd:,.2f}", _ESTIMATE, scale)
    parts.append(
        f'<text x="20" y="{bottom + 32}" font-size="11" fill="{_QUIET}">USD a month at the list '
        f"prices of {prices.REGION} of {prices.AS_OF}; usage as the settings assume it</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _title(estimate: Estimate) -> str:
    return f"What {estimate.stage} costs a month"


def _legend(estimate: Estimate) -> Iterator[str]:
    entries = [(_ESTIMATE, f"estimate, {estimate.usd:,.2f} in all")]
    if estimate.design:
        left_out = estimate.total_of(estimate.left_out())
        entries.insert(0, (_DESIGN, f"design, {estimate.design_usd} in all"))
        entries.append((_LEFT_OUT, f"of it not in the design's table, {left_out:,.2f}"))
    for index, (color, label) in enumerate(entries):
        x = 20 + 190 * index
        yield f'<rect x="{x}" y="46" width="12" height="12" rx="2" fill="{color}"/>'
        yield f'<text x="{x + 18}" y="56">{escape(label)}</text>'


def _grid(step: int, ticks: int, scale: float, bottom: int) -> Iterator[str]:
    for tick in range(ticks + 1):
        x = _LABELS + tick * step * scale
        yield f'<line x1="{x:g}" y1="{_TOP - 6}" x2="{x:g}" y2="{bottom}" stroke="{_GRID}"/>'
        yield (
            f'<text x="{x:g}" y="{_TOP - 12}" text-anchor="middle" font-size="11" fill="{_QUIET}">'
            f"{tick * step}</text>"
        )


def _bar(y: float, value: float, label: str, color: str, scale: float) -> Iterator[str]:
    width = max(1.0, value * scale)
    yield (
        f'<rect x="{_LABELS}" y="{y:g}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{color}"/>'
    )
    yield (
        f'<text x="{_LABELS + width + 6:.1f}" y="{y + _BAR - 1.5:g}" font-size="11" '
        f'fill="{_QUIET}">{escape(label)}</text>'
    )


def _step(largest: Decimal) -> Decimal:
    """Return a round distance between grid lines: about six of them."""
    for step in (5, 10, 20, 25, 50, 100, 200, 250, 500, 1000):
        if largest / step <= 6:
            return Decimal(step)
    return Decimal(2500)
