"""docs/monitoring.md: each line of the design's lists, what shows it, and what to do about it."""

import re

import pytest

from settings import load_stage
from tests.documents import check_document
from tests.simulators.alarm_simulator import Alarms
from tests.stacks.monitoring.alarms.test_alarms import LINK, events, sections
from tests.stacks.monitoring.coverage import LISTS, Line
from tests.synthesis import ROOT, SynthesizedStage, joined, synthesize

INTRODUCTION = """\
# Monitoring and alerting

Made from the code (tests/stacks/monitoring/coverage.py and the synthesized alarms);
`python3 dev.py test tests/stacks --snapshot-update` writes it anew. Lines marked "ours" are not in
the design's lists.

Critical alarms page at once. A failure and its consequences are one page, `outage`, in whatever
order they come. Warnings are told in business hours only (`monitoring.business_hours`); what still
stands when the hours begin is told then. During an outage they wait. What planned work sets off is
held back in the maintenance window, and pages at its end if it still stands.
"""
COST = """\
An alarm costs 0.10 USD a month for each of its metrics, a composite alarm 0.50 USD, a custom metric
0.30 USD ("Amazon CloudWatch pricing", us-east-1, 2026-11-23). Composite alarms are one a kind of
warning, not one a component: a component's would stay in alarm for its first warning and hide the
next. The difference is less than ten dollars a month, the price of a storage that fills up unseen
is an outage.
"""


def section_of(alarm: dict[str, str]) -> str:
    return str(LINK.findall(joined(alarm["AlarmDescription"]))[0][2])


def known_sections(stage: SynthesizedStage) -> set[str]:
    """Return the runbook sections that a stage's alarms and rules lead to."""
    found = {section_of(alarm) for alarm in Alarms(stage).all.values()}
    return found | {LINK.findall(text)[0][2].rstrip('"') for text in events(stage)}


def monthly_cost(stage: SynthesizedStage) -> tuple[int, int, float]:
    """Return the metrics that alarms read, the composite alarms, and USD a month."""
    alarms = Alarms(stage)
    metrics = sum(
        sum("MetricStat" in each for each in alarm["Metrics"]) if "Metrics" in alarm else 1
        for alarm in alarms.metric.values()
    )
    composites = len(alarms.composite)
    return metrics, composites, 0.1 * metrics + 0.5 * composites + 2 * 0.3


def row(line: Line) -> str:
    anchors = [f"[{name}](runbooks/alarms.md#{name})" for name in line.alarms]
    shown = ([f'widget "{line.widget}"'] if line.widget else []) + [f"`{a}`" for a in line.alarms]
    runbook = ", ".join(anchors) or "none: it is looked at, not acted on"
    return f"| {line.design} | {', '.join(line.metrics)} | {', '.join(shown)} | {runbook} |"


def test_the_table_of_the_design_s_lines_is_current(pytestconfig: pytest.Config) -> None:
    stages = {name: synthesize(load_stage(name)) for name in ("production", "staging")}
    parts = [INTRODUCTION]
    for title, lines in LISTS.items():
        head = ["| design | metric | shown by | runbook |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {title}", "", *head, *map(row, lines), ""]))
    every = set().union(*map(known_sections, stages.values()))
    lacks = [
        f"- {name}: {', '.join(f'`{a}`' for a in sorted(every - known_sections(stage))) or 'none'}"
        for name, stage in stages.items()
    ]
    parts.append(
        "\n".join(
            [
                "## What a stage lacks",
                "",
                "Alarms on nodes and crashing pods need Container Insights "
                "(`cluster.container_insights`); those on copies need a copy. Without them,",
                "`backend-down`, `pods-unschedulable` and `backend-at-maximum` still tell.",
                "",
                *lacks,
                "",
            ]
        )
    )
    prices = ["| stage | metrics in alarms | composite alarms | USD a month |", "|---|---|---|---|"]
    for name, stage in stages.items():
        metrics, composites, dollars = monthly_cost(stage)
        prices.append(f"| {name} | {metrics} | {composites} | {dollars:.2f} |")
    parts.append("\n".join(["## Cost", "", COST, *prices, ""]))
    check_document("monitoring.md", "\n".join(parts), pytestconfig)


def test_no_line_is_empty() -> None:
    for lines in LISTS.values():
        for line in lines:
            assert line.metrics, line.design
            assert line.alarms or line.widget, line.design
            assert set(line.alarms) <= sections(), line.design


def test_each_alarm_covers_a_line() -> None:
    covered = {name for lines in LISTS.values() for line in lines for name in line.alarms}
    helpers = {"outside-business-hours", "maintenance-window", "quiet"}
    assert known_sections(synthesize(load_stage("production"))) - helpers <= covered


def test_each_metric_of_an_alarm_is_named_in_a_line_that_it_covers() -> None:
    alarms = Alarms(synthesize(load_stage("production")))
    for name, alarm in alarms.metric.items():
        section = section_of(alarm)
        lines = [line for each in LISTS.values() for line in each if section in line.alarms]
        named = " ".join(metric for line in lines for metric in line.metrics)
        metrics = (
            [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
            if "Metrics" in alarm
            else [alarm]
        )
        if lines:
            assert any(metric["MetricName"] in named for metric in metrics) or re.search(
                "at-maximum|unschedulable", name
            ), (name, named)


def test_the_lines_are_those_of_the_design() -> None:
    assert [line.design for line in LISTS["Business metrics"]] == [
        "Active users",
        "API usage per tier",
        "Feature usage",
        "User sessions",
    ]
    ours = [line.design for lines in LISTS.values() for line in lines if "(ours)" in line.design]
    assert len(ours) == 10
    assert (ROOT / "docs" / "monitoring.md").exists()
