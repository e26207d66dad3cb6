"""The widgets of the dashboards, on CloudWatch's grid of 24 columns."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

Row = list[cloudwatch.IWidget]
"""Widgets side by side."""

COLUMNS = 24
HEIGHT = 6
PERCENT = cloudwatch.YAxisProps(min=0, max=100, label="%", show_units=False)


def heading(text: str) -> Row:
    """Return a row with a heading for the rows below it."""
    return [
        cloudwatch.TextWidget(
            markdown=f"## {text}",
            width=COLUMNS,
            height=1,
            background=cloudwatch.TextWidgetBackground.TRANSPARENT,
        )
    ]


def graph(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    width: int,
    unit: str | None = None,
    axis: cloudwatch.YAxisProps | None = None,
    right: Sequence[cloudwatch.IMetric] = (),
    right_unit: str | None = None,
    threshold: tuple[float, str] | None = None,
    stacked: bool = False,
    last_days: int | None = None,
) -> cloudwatch.GraphWidget:
    """Return a line graph.

    Args:
        title: The widget's title.
        metrics: The metrics of the left axis, which starts at 0.
        width: In columns of the grid.
        unit: The label of the left axis; CloudWatch's own unit if not given.
        axis: The left axis, in place of `unit`.
        right: The metrics of the right axis, which starts at 0.
        right_unit: The label of the right axis.
        threshold: A horizontal line at an alarm's threshold, and the line's label.
        stacked: Whether the graph shows the metrics as parts of their sum.
        last_days: The time range; the dashboard's if not given.
    """
    return cloudwatch.GraphWidget(
        title=title,
        width=width,
        height=HEIGHT,
        left=list(metrics),
        left_y_axis=axis or cloudwatch.YAxisProps(min=0, label=unit, show_units=unit is None),
        left_annotations=[_threshold_line(*threshold)] if threshold else None,
        right=list(right) or None,
        right_y_axis=cloudwatch.YAxisProps(min=0, label=right_unit, show_units=False)
        if right or right_unit
        else None,
        stacked=stacked,
        start=f"-P{last_days}D" if last_days else None,
    )


def widget_width(widgets_in_row: int) -> int:
    """Return the width of a widget, in columns, where a row has this number of equal widgets.

    Raises:
        ValueError: the number does not divide the columns.
    """
    if COLUMNS % widgets_in_row:
        raise ValueError(
            f"widgets in a row: found {widgets_in_row}; allowed: a divisor of {COLUMNS}"
        )
    return COLUMNS // widgets_in_row


def _threshold_line(value: float, label: str) -> cloudwatch.HorizontalAnnotation:
    return cloudwatch.HorizontalAnnotation(value=value, label=label, color=cloudwatch.Color.RED)
