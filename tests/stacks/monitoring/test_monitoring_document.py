"""docs/monitoring.md: how each monitoring requirement of the design is met."""

import pytest

from settings import load_stage
from tests.documents import check_document
from tests.simulators.alarm_simulator import StageAlarms
from tests.stacks.monitoring.alarm_messages import (
    descriptions,
    linked_section,
    linked_sections,
    runbook_sections,
)
from tests.stacks.monitoring.dashboards.dashboard_body import dashboard_body
from tests.stacks.monitoring.monitoring_requirements import REQUIREMENTS, Requirement
from tests.synthesis import SynthesizedStage, synthesize

INTRODUCTION = """\
# Monitoring and alerting

`python3 dev.py test tests/stacks --snapshot-update` generates this page from the synthesized alarms
and tests/stacks/monitoring/monitoring_requirements.py. The lists are those of INFRASTRUCTURE.md.
Requirements marked "added" are not in its lists.

Critical alarms page immediately. A failure and its consequences page once, as `outage`, in whatever
order their alarms go off. Warnings notify in business hours only (`monitoring.business_hours`). A
warning that is still in ALARM when business hours begin notifies then. No warning notifies during
an outage. In the maintenance window, the alarms that planned maintenance causes do not page. One
that is still in ALARM when the window ends pages then.
"""
MISSING_ALARMS = """\
## Alarms that a stage does not have

The alarms on nodes and on crash-looping pods need Container Insights
(`cluster.container_insights`). The alarms on replication need a replica. The alarms on the audit
trail belong to the stage that owns the account-wide resources. A stage without Container Insights
detects the same failures later, by `backend-down`, `pods-unschedulable` and `backend-at-maximum`.
"""
COST = """\
## Cost

In a month, each metric of an alarm costs 0.10 USD, a composite alarm 0.50 USD and a custom metric
0.30 USD. The source is "Amazon CloudWatch pricing" (us-east-1, 2026-11-23).

Each kind of warning has a composite alarm of its own. One composite alarm for each component would
save less than 10 USD a month. But it would stay in ALARM after its first warning, and so hide a
later one, such as storage that runs out.
"""
CUSTOM_METRICS = 2
"""The metrics that the suppression schedules write."""


def monthly_cost(stage: SynthesizedStage) -> tuple[int, int, float]:
    """Return the number of metrics in alarms, the number of composite alarms, and USD a month."""
    alarms = StageAlarms(stage)
    metrics = sum(
        sum("MetricStat" in query for query in alarm["Metrics"]) if "Metrics" in alarm else 1
        for alarm in alarms.metric_alarms.values()
    )
    composite_alarms = len(alarms.composite_alarms)
    usd = 0.1 * metrics + 0.5 * composite_alarms + 0.3 * CUSTOM_METRICS
    return metrics, composite_alarms, usd


def requirement_row(requirement: Requirement) -> str:
    shown_by = [f'widget "{requirement.widget}"'] if requirement.widget else []
    shown_by += [f"`{name}`" for name in requirement.alarms]
    links = [f"[{name}](runbooks/alarms.md#{name})" for name in requirement.alarms]
    cells = (
        requirement.text,
        ", ".join(requirement.metrics),
        ", ".join(shown_by),
        ", ".join(links) or "none: no alarm",
    )
    return f"| {' | '.join(cells)} |"


def requirement_list(title: str, requirements: tuple[Requirement, ...]) -> list[str]:
    return [
        f"## {title}",
        "",
        "| requirement | metrics | shown by | runbook |",
        "|---|---|---|---|",
        *map(requirement_row, requirements),
        "",
    ]


def missing_alarms(stages: dict[str, SynthesizedStage]) -> list[str]:
    sections = {name: linked_sections(stage) for name, stage in stages.items()}
    all_sections = set().union(*sections.values())
    return [
        f"- {name}: {', '.join(f'`{section}`' for section in sorted(all_sections - own)) or 'none'}"
        for name, own in sections.items()
    ]


def cost_table(stages: dict[str, SynthesizedStage]) -> list[str]:
    rows = ["| stage | metrics in alarms | composite alarms | USD a month |", "|---|---|---|---|"]
    for name, stage in stages.items():
        metrics, composite_alarms, usd = monthly_cost(stage)
        rows.append(f"| {name} | {metrics} | {composite_alarms} | {usd:.2f} |")
    return rows


def test_the_page_is_current(pytestconfig: pytest.Config) -> None:
    stages = {name: synthesize(load_stage(name)) for name in ("production", "staging")}
    lines = [INTRODUCTION]
    for title, requirements in REQUIREMENTS.items():
        lines += requirement_list(title, requirements)
    lines += [MISSING_ALARMS, *missing_alarms(stages), ""]
    lines += [COST, *cost_table(stages), ""]
    check_document("monitoring.md", "\n".join(lines), pytestconfig)


def test_each_requirement_has_a_metric_and_an_alarm_or_a_widget() -> None:
    for requirements in REQUIREMENTS.values():
        for requirement in requirements:
            assert requirement.metrics, requirement.text
            assert requirement.alarms or requirement.widget, requirement.text
            assert set(requirement.alarms) <= runbook_sections(), requirement.text


def test_each_widget_of_a_requirement_is_on_a_dashboard(stage: SynthesizedStage) -> None:
    titles = [
        widget["properties"].get("title", "")
        for name in ("operations", "business")
        for widget in dashboard_body(stage, name)["widgets"]
    ]
    for requirements in REQUIREMENTS.values():
        for requirement in requirements:
            if requirement.widget:
                assert any(title.startswith(requirement.widget) for title in titles)


def test_each_alarm_belongs_to_a_requirement() -> None:
    required = {
        name
        for requirements in REQUIREMENTS.values()
        for requirement in requirements
        for name in requirement.alarms
    }
    suppressors = {"outside-business-hours", "maintenance-window", "quiet"}
    linked = linked_sections(synthesize(load_stage("production")), "monitoring")
    assert linked - suppressors <= required


def test_each_alarm_uses_a_metric_of_its_requirement(production: SynthesizedStage) -> None:
    sections = {name: linked_section(text) for name, text in descriptions(production).items()}
    for name, alarm in StageAlarms(production).metric_alarms.items():
        expected = {
            word
            for requirements in REQUIREMENTS.values()
            for requirement in requirements
            if sections[name] in requirement.alarms
            for metric in requirement.metrics
            for word in metric.replace(",", "").split()
        }
        used = {
            query["MetricStat"]["Metric"]["MetricName"]
            for query in alarm.get("Metrics", [])
            if "MetricStat" in query
        } or {alarm["MetricName"]}
        if expected and not name.endswith(("-at-maximum", "-unschedulable")):
            assert used & expected, (name, used, expected)


def test_the_requirements_are_those_of_the_design() -> None:
    assert [requirement.text for requirement in REQUIREMENTS["Business metrics"]] == [
        "Active users",
        "API usage per tier",
        "Feature usage",
        "User sessions",
    ]
    added = [
        requirement.text
        for requirements in REQUIREMENTS.values()
        for requirement in requirements
        if "(added)" in requirement.text
    ]
    assert len(added) == 10
