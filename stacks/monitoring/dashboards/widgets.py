"""The few kinds of widgets that both dashboards are made of, on CloudWatch's grid of 24 columns."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

COLUMNS = 24
HEIGHT = 6
PERCENT = cloudwatch.YAxisProps(min=0, max=100, label="%", show_units=False)


def heading(text: str) -> cloudwatch.TextWidget:
    """Return a line over the whole width: the question that the widgets below it answer."""
    return cloudwatch.TextWidget(
        markdown=text,
        width=COLUMNS,
        height=1,
        background=cloudwatch.TextWidgetBackground.TRANSPARENT,
    )


def graph(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    *,
    width: int,
    unit: str | None = None,
    axis: cloudwatch.YAxisProps | None = None,
    right: Sequence[cloudwatch.IMetric] = (),
    right_axis: cloudwatch.YAxisProps | None = None,
    threshold: tuple[float, str] | None = None,
    stacked: bool = False,
    last_days: int | None = None,
) -> cloudwatch.GraphWidget:
    """Return lines over time.

    Args:
        title: what is shown.
        metrics: on the left axis, which begins at 0.
        width: in columns.
        unit: the left axis' label.
        axis: the left axis, where it is not from 0 to the highest value.
        right: metrics on the right axis.
        right_axis: that axis.
        threshold: where an alarm goes off, and its label; a line across.
        stacked: metrics that add up to a whole.
        last_days: how far back it goes, where it is not as far as the dashboard.
    """
    return cloudwatch.GraphWidget(
        title=title,
        width=width,
        height=HEIGHT,
        left=list(metrics),
        left_y_axis=axis or cloudwatch.YAxisProps(min=0, label=unit, show_units=unit is None),
        left_annotations=[
            cloudwatch.HorizontalAnnotation(
                value=threshold[0], label=threshold[1], color=cloudwatch.Color.RED
            )
        ]
        if threshold
        else None,
        right=list(right) or None,
        right_y_axis=right_axis,
        stacked=stacked,
        start=f"-P{last_days}D" if last_days else None,
    )


def row(count: int) -> int:
    """Return the width of each of as many widgets as fill a row."""
    if COLUMNS % count:
        raise ValueError(f"widgets in a row: found {count}; allowed: a divisor of {COLUMNS}")
    return COLUMNS // count
