"""Renders a dashboard's JSON as SVG, with sample data.

It supports the widgets of this project's dashboards: text, graphs, single values, alarm states and
query results ("Dashboard body structure and syntax", CloudWatch API). Others raise ValueError.
"""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tests.stacks.monitoring.dashboards.sample_data import (
    POINTS,
    SAMPLE_CELLS,
    Series,
    sample_series,
)

COLUMN, ROW, GAP, TOP = 62, 44, 4, 44
"""The width of a column, the height of a row, the gap between widgets and the height of the title,
in pixels."""
COLORS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b"),
    *("#e377c2", "#7f7f7f", "#bcbd22", "#17becf", "#d62728"),
)
_FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
_GREY, _INK, _LINE = "#5f6b7a", "#16191f", "#d5dbdb"
_HOURS = ("09:00", "10:00", "11:00", "12:00")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Widget = dict[str, Any]


def render(name: str, body: Mapping[str, Any], *, alarm_names: Mapping[str, str]) -> str:
    """Return the picture of a dashboard.

    Args:
        name: The name of the dashboard.
        body: The JSON of the dashboard; references read `${LogicalId}`.
        alarm_names: The names of the alarms, by the references to their ARNs.
    """
    widgets: Sequence[Widget] = body["widgets"]
    width = 24 * COLUMN + 2 * GAP
    height = TOP + GAP + max(widget["y"] + widget["height"] for widget in widgets) * ROW
    ticks = _WEEKDAYS if body.get("start", "").endswith("D") else _HOURS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="{_FONT}">',
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>',
        text(GAP + 8, 28, name, size=18, bold=True),
        text(width - 12, 28, "drawn with sample data", size=11, fill=_GREY, anchor="end"),
    ]
    for widget in widgets:
        parts += _widget(widget, alarm_names, ticks)
    return "\n".join([*parts, "</svg>", ""])


def _widget(widget: Widget, alarm_names: Mapping[str, str], ticks: Sequence[str]) -> list[str]:
    x, y = GAP + widget["x"] * COLUMN, TOP + widget["y"] * ROW
    box = Box(
        x + GAP / 2, y + GAP / 2, widget["width"] * COLUMN - GAP, widget["height"] * ROW - GAP
    )
    properties = widget["properties"]
    kind = widget["type"]
    if kind == "metric" and properties.get("view") == "singleValue":
        kind = "singleValue"
    renderers = {
        "text": lambda: _text_widget(box, properties),
        "metric": lambda: _graph(box, properties, ticks),
        "singleValue": lambda: _single_values(box, properties),
        "alarm": lambda: _alarm_states(box, properties, alarm_names),
        "log": lambda: _query_result(box, properties),
    }
    if kind not in renderers:
        raise ValueError(f"type: found {kind}; allowed: {', '.join(renderers)}")
    return renderers[kind]()


class Box:
    """A rectangle. Its units are pixels."""

    def __init__(self, x: float, y: float, width: float, height: float) -> None:
        self.x, self.y, self.width, self.height = x, y, width, height

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def framed(self, title: str) -> list[str]:
        """Return the frame of a widget with its title."""
        return [
            f'<rect x="{_n(self.x)}" y="{_n(self.y)}" width="{_n(self.width)}" '
            f'height="{_n(self.height)}" rx="3" fill="#fff" stroke="{_LINE}"/>',
            text(
                self.x + 10, self.y + 20, shortened(title, self.width - 20, 13), bold=True, size=13
            ),
        ]


def _graph(box: Box, properties: Mapping[str, Any], ticks: Sequence[str]) -> list[str]:
    series = _series(properties)
    axes = properties.get("yAxis", {})
    if properties.get("start", "").endswith("D"):
        ticks = _WEEKDAYS
    thresholds = properties.get("annotations", {}).get("horizontal", [])
    legend, legend_height = _legend(box, series)
    has_right_axis = any(line.right for line in series)
    plot = Box(box.x + 46, box.y + 44, box.width - 46 - (46 if has_right_axis else 14), 0)
    plot.height = box.bottom - legend_height - 22 - plot.y
    parts = box.framed(properties["title"])
    parts += _x_axis(plot, ticks)
    for right in (False, True):
        axis_series = [line for line in series if line.right == right]
        if not axis_series:
            continue
        axis = axes.get("right" if right else "left", {})
        stacked = bool(properties.get("stacked")) and not right
        lines = _stack(axis_series) if stacked else [line.values for line in axis_series]
        threshold_values = [] if right else [threshold["value"] for threshold in thresholds]
        low, high = _bounds(lines, threshold_values, axis)
        parts += _y_axis(plot, low, high, axis.get("label") or "", right=right)
        scale = _Scale(plot, low, high)
        for index in reversed(range(len(axis_series))):
            color = COLORS[series.index(axis_series[index]) % len(COLORS)]
            below = lines[index - 1] if stacked and index else None
            parts.append(scale.line(lines[index], color, below if stacked else None, fill=stacked))
        for threshold in [] if right else thresholds:
            color = threshold.get("color", "#d62728")
            parts += scale.threshold(threshold["value"], threshold["label"], color)
    return parts + legend


class _Scale:
    """Maps values to pixels of a plot."""

    def __init__(self, plot: Box, low: float, high: float) -> None:
        self._plot, self._low, self._span = plot, low, (high - low) or 1.0

    def y(self, value: float) -> float:
        return self._plot.bottom - (value - self._low) / self._span * self._plot.height

    def _points(self, values: Sequence[float]) -> list[str]:
        step = self._plot.width / (POINTS - 1)
        return [f"{_n(self._plot.x + i * step)},{_n(self.y(v))}" for i, v in enumerate(values)]

    def line(
        self, values: Sequence[float], color: str, below: Sequence[float] | None, *, fill: bool
    ) -> str:
        points = self._points(values)
        if not fill:
            return (
                f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" '
                'stroke-width="1.6"/>'
            )
        base = self._points(below if below is not None else [self._low] * POINTS)
        area = " ".join([*points, *reversed(base)])
        return f'<polygon points="{area}" fill="{color}" fill-opacity="0.55" stroke="{color}"/>'

    def threshold(self, value: float, label: str, color: str) -> list[str]:
        y = self.y(value)
        return [
            f'<line x1="{_n(self._plot.x)}" y1="{_n(y)}" x2="{_n(self._plot.right)}" y2="{_n(y)}" '
            f'stroke="{color}" stroke-dasharray="5 3"/>',
            text(self._plot.right - 2, y - 4, label, size=10, fill=color, anchor="end"),
        ]


def _x_axis(plot: Box, ticks: Sequence[str]) -> list[str]:
    parts = []
    for index, tick in enumerate(ticks):
        x = plot.x + plot.width * index / (len(ticks) - 1)
        anchor = "start" if index == 0 else "end" if index == len(ticks) - 1 else "middle"
        parts.append(text(x, plot.bottom + 14, tick, size=10, fill=_GREY, anchor=anchor))
    return parts


def _y_axis(plot: Box, low: float, high: float, label: str, *, right: bool) -> list[str]:
    parts = []
    x, anchor = (plot.right + 5, "start") if right else (plot.x - 5, "end")
    for step in range(3):
        value = low + (high - low) * step / 2
        y = plot.bottom - plot.height * step / 2
        if not right:
            parts.append(
                f'<line x1="{_n(plot.x)}" y1="{_n(y)}" x2="{_n(plot.right)}" y2="{_n(y)}" '
                f'stroke="{_LINE}"/>'
            )
        parts.append(text(x, y + 4, axis_number(value, high), size=10, fill=_GREY, anchor=anchor))
    edge = plot.right + 40 if right else plot.x - 36
    parts.append(
        text(edge, plot.y - 9, label, size=10, fill=_GREY, anchor="end" if right else "start")
    )
    return parts


def _legend(box: Box, series: Sequence[Series]) -> tuple[list[str], float]:
    """Return the labels below the plot, and the height of their lines."""
    rows: list[list[tuple[float, int]]] = [[]]
    x = box.x + 12
    for index, line in enumerate(series):
        label_width = 16 + text_width(line.label, 10) + 10
        if rows[-1] and x + label_width > box.right - 8:
            rows.append([])
            x = box.x + 12
        rows[-1].append((x, index))
        x += label_width
    height = len(rows) * 15 + 6
    parts = []
    for number, entries in enumerate(rows):
        y = box.bottom - height + number * 15 + 10
        for left, index in entries:
            color = COLORS[index % len(COLORS)]
            parts.append(
                f'<rect x="{_n(left)}" y="{_n(y - 8)}" width="9" height="9" fill="{color}"/>'
            )
            label = shortened(series[index].label, box.right - 8 - left - 14, 10)
            parts.append(text(left + 14, y, label, size=10))
    return parts, height


def _single_values(box: Box, properties: Mapping[str, Any]) -> list[str]:
    series = _series(properties)
    parts = box.framed(properties["title"])
    width = box.width / len(series)
    for index, line in enumerate(series):
        x = box.x + width * (index + 0.5)
        value = axis_number(float(round(line.values[-1])), line.values[-1])
        parts.append(text(x, box.y + box.height / 2 + 14, value, size=34, anchor="middle"))
        parts.append(
            text(x, box.y + box.height / 2 + 42, line.label, size=11, fill=_GREY, anchor="middle")
        )
    return parts


def _alarm_states(
    box: Box, properties: Mapping[str, Any], alarm_names: Mapping[str, str]
) -> list[str]:
    arns: Sequence[str] = properties["alarms"]
    parts = box.framed(properties["title"])
    columns = 6
    width = (box.width - 14) / columns
    height = (box.height - 34) / math.ceil(len(arns) / columns)
    for index, arn in enumerate(arns):
        x = box.x + 7 + index % columns * width
        y = box.y + 30 + index // columns * height
        parts.append(
            f'<rect x="{_n(x + 2)}" y="{_n(y + 2)}" width="{_n(width - 4)}" '
            f'height="{_n(height - 4)}" rx="2" fill="#e6f4e6" stroke="#1d8102"/>'
        )
        label = shortened(alarm_names[arn], width - 40, 11)
        parts.append(text(x + 10, y + height / 2 + 4, label, size=11))
        parts.append(
            text(x + width - 10, y + height / 2 + 4, "OK", size=10, fill="#1d8102", anchor="end")
        )
    return parts


def _query_result(box: Box, properties: Mapping[str, Any]) -> list[str]:
    columns = column_names(properties["query"])
    parts = box.framed(properties["title"])
    width = (box.width - 20) / len(columns)
    for index, column in enumerate(columns):
        x = box.x + 10 + index * width
        parts.append(
            text(x, box.y + 48, shortened(column, width - 8, 10), size=10, fill=_GREY, bold=True)
        )
        cells = SAMPLE_CELLS.get(column, ["..."] * 5)
        for row, cell in enumerate(cells):
            y = box.y + 76 + row * 26
            parts.append(text(x, y, shortened(cell, width - 8, 10), size=10))
    for row in range(len(next(iter(SAMPLE_CELLS.values())))):
        y = box.y + 59 + row * 26
        parts.append(
            f'<line x1="{_n(box.x + 10)}" y1="{_n(y)}" x2="{_n(box.right - 10)}" y2="{_n(y)}" '
            f'stroke="{_LINE}"/>'
        )
    return parts


def _text_widget(box: Box, properties: Mapping[str, Any]) -> list[str]:
    markdown: str = properties["markdown"]
    if markdown.startswith("## "):
        return [text(box.x + 8, box.y + 27, markdown[3:], size=17, bold=True)]
    parts = box.framed("")
    y = box.y + 24
    for paragraph in markdown.split("\n\n"):
        lines: list[list[tuple[str, str]]] = [[]]
        line_width = 0.0
        for word, style in _words(paragraph):
            line_width += text_width(f"{word} ", 12)
            if line_width > box.width - 20 and word[0] not in ":;,.":
                lines.append([])
                line_width = text_width(f"{word} ", 12)
            lines[-1].append((word, style))
        for line in lines:
            parts.append(_styled(box.x + 12, y, line))
            y += 19
        y += 11
    return parts


def _styled(x: float, y: float, words: Sequence[tuple[str, str]]) -> str:
    """Return a line of words with styles, as one element so that the viewer spaces the words."""
    spans = ""
    for word, style in words:
        fill = {"link": "#0972d3", "code": "#7d2105"}.get(style, _INK)
        weight = ' font-weight="bold"' if style == "bold" else ""
        gap = " " if spans and word[0] not in ":;,." else ""
        spans += f'{gap}<tspan fill="{fill}"{weight}>{escape(word, quote=False)}</tspan>'
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="12">{spans}</text>'


def _words(paragraph: str) -> list[tuple[str, str]]:
    """Return the words of a line of Markdown, each with its style: bold, link, code or plain."""
    found = []
    pattern = r"\*\*(?P<bold>.+?)\*\*|\[(?P<link>.+?)\]\(.+?\)|`(?P<code>.+?)`|(?P<plain>[^*`\[]+)"
    for match in re.finditer(pattern, paragraph):
        style = str(match.lastgroup)
        found += [(word, style) for word in match.group(style).split()]
    return found


def _series(properties: Mapping[str, Any]) -> list[Series]:
    found = []
    for metric in properties["metrics"]:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        if options.get("visible") is False:
            continue
        label = options.get("label", "")
        if "expression" in options:
            names = [label]
        else:
            statistic = options.get("stat", properties.get("stat", "Average"))
            names = [f"{metric[1]} {statistic}", metric[1]]
        found.append(
            sample_series(label or names[-1], names, right=options.get("yAxis") == "right")
        )
    return found


def column_names(query: str) -> list[str]:
    """Return the columns of a query result, which the command `fields` names."""
    command = next(
        part
        for part in re.split(r"\n\s*\|", query)
        if part.strip().startswith(("fields", "SOURCE"))
    )
    command = command.partition("fields")[2]
    return [name.split(" as ")[-1].strip() for name in command.split("|")[0].split(",")]


def _stack(series: Sequence[Series]) -> list[list[float]]:
    lines: list[list[float]] = []
    for line in series:
        below = lines[-1] if lines else [0.0] * POINTS
        lines.append([low + value for low, value in zip(below, line.values, strict=True)])
    return lines


def _bounds(
    lines: Sequence[Sequence[float]], thresholds: Sequence[float], axis: Mapping[str, Any]
) -> tuple[float, float]:
    values = [value for line in lines for value in line] + list(thresholds)
    high = axis["max"] if "max" in axis else round_up(max(values) * 1.08)
    low = axis.get("min")
    if low is None:
        low = high - round_up((high - min(values)) * 1.2)
    return float(low), float(high)


def round_up(value: float) -> float:
    """Return a round number that is not smaller."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(
        step * power for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if step * power >= value
    )


def axis_number(value: float, largest: float) -> str:
    """Return a number as the label of an axis that ends at `largest`, such as 12k or 340M."""
    if value == 0:
        return "0"
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(largest) >= factor * (10 if letter == "k" else 1):
            return f"{value / factor:.4g}{letter}"
    return f"{value:.4g}"


def text_width(words: str, size: float) -> float:
    """Return the approximate width of a text."""
    return len(words) * size * 0.6


def shortened(words: str, width: float, size: float) -> str:
    """Return the text, shortened to a width."""
    length = int(width / (size * 0.6))
    return words if len(words) <= length else words[: max(length - 1, 1)] + "…"


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    fill: str = _INK,
    bold: bool = False,
    anchor: str = "start",
) -> str:
    """Return a line of text whose baseline is at y."""
    weight = ' font-weight="bold"' if bold else ""
    at = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size:g}" fill="{fill}"{weight}{at}>'
        f"{escape(words, quote=False)}</text>"
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
