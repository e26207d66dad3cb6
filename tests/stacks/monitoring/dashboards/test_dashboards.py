"""The dashboards: their rows, widgets and metrics."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.monitoring.dashboards.widgets import widget_width
from tests.simulators.alarm_simulator import StageAlarms
from tests.stacks.monitoring.dashboards.dashboard_body import dashboard_body
from tests.stacks.monitoring.dashboards.sample_data import has_sample
from tests.synthesis import ACCOUNT, SynthesizedStage

DASHBOARDS = ("operations", "business")
# "CloudWatch quotas", Dashboards.
MAX_WIDGETS = 500
MAX_METRICS_PER_WIDGET = 500
MAX_METRICS = 2500

Widget = dict[str, Any]


def widgets(stage: SynthesizedStage, dashboard: str) -> list[Widget]:
    found: list[Widget] = dashboard_body(stage, dashboard)["widgets"]
    return found


def titles(stage: SynthesizedStage, dashboard: str) -> list[str]:
    return [
        widget["properties"]["title"]
        for widget in widgets(stage, dashboard)
        if "title" in widget["properties"]
    ]


def widget_with_title(stage: SynthesizedStage, dashboard: str, title: str) -> Widget:
    (found,) = [
        widget for widget in widgets(stage, dashboard) if widget["properties"].get("title") == title
    ]
    return found


class Metric:
    """A metric of a graph, from its array in the body of the dashboard."""

    def __init__(self, entry: list[Any]) -> None:
        self.options: dict[str, Any] = entry[-1] if isinstance(entry[-1], dict) else {}
        self.is_expression = "expression" in self.options
        words = entry[:-1] if self.options else entry
        names: list[str] = ["", ""] if self.is_expression else words[:2]
        self.namespace, self.name = names
        pairs = words[2:]
        self.dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))


def metrics(widget: Widget) -> list[Metric]:
    return [Metric(entry) for entry in widget["properties"].get("metrics", [])]


def all_metrics(stage: SynthesizedStage) -> Iterator[Metric]:
    for dashboard in DASHBOARDS:
        for widget in widgets(stage, dashboard):
            yield from metrics(widget)


def headings(stage: SynthesizedStage, dashboard: str) -> list[str]:
    texts = [widget["properties"].get("markdown", "") for widget in widgets(stage, dashboard)]
    return [text.removeprefix("## ") for text in texts if text.startswith("## ")]


def test_each_stage_has_one_dashboard_for_operators_and_one_for_the_business(
    stage: SynthesizedStage,
) -> None:
    resources = stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
    name = stage.settings.resource_name()
    assert {resource["Properties"]["DashboardName"] for resource in resources} == {
        f"{name}-operations",
        f"{name}-business",
    }


def test_the_operations_dashboard_has_its_rows_in_this_order(
    stage: SynthesizedStage,
) -> None:
    assert headings(stage, "operations") == [
        "Availability",
        "Performance",
        "Capacity",
        "Releases",
        "Recent changes",
        "Cost",
    ]
    rows = [widget["y"] for widget in widgets(stage, "operations") if widget["type"] == "text"]
    assert rows == sorted(rows)


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_widgets_fit_the_24_columns_and_do_not_overlap(
    stage: SynthesizedStage, dashboard: str
) -> None:
    occupied: set[tuple[int, int]] = set()
    for widget in widgets(stage, dashboard):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & occupied, widget["properties"]
        occupied |= cells


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_no_row_leaves_columns_empty(stage: SynthesizedStage, dashboard: str) -> None:
    widths: dict[int, int] = {}
    for widget in widgets(stage, dashboard):
        widths[widget["y"]] = widths.get(widget["y"], 0) + widget["width"]
    assert set(widths.values()) == {24}


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_a_dashboard_stays_within_the_limits_of_cloudwatch(
    stage: SynthesizedStage, dashboard: str
) -> None:
    found = widgets(stage, dashboard)
    counts = [len(widget["properties"].get("metrics", [])) for widget in found]
    assert len(found) <= MAX_WIDGETS
    assert max(counts) <= MAX_METRICS_PER_WIDGET
    assert sum(counts) <= MAX_METRICS


def test_the_first_widget_shows_every_alarm(stage: SynthesizedStage) -> None:
    alarms = {
        **stage.resources("monitoring", "AWS::CloudWatch::Alarm"),
        **stage.resources("monitoring", "AWS::CloudWatch::CompositeAlarm"),
    }
    (widget,) = [widget for widget in widgets(stage, "operations") if widget["type"] == "alarm"]
    assert widget["y"] == 1
    assert set(widget["properties"]["alarms"]) == {f"${{{alarm}.Arn}}" for alarm in alarms}


@pytest.mark.parametrize(
    "begins",
    [
        *("Requests", "Response time", "Error rate", "Active connections", "Cache hit rate"),
        *("CPU", "Memory", "Network", "Disk I/O"),
    ],
)
def test_the_application_and_infrastructure_metrics_of_the_design_have_widgets(
    stage: SynthesizedStage, begins: str
) -> None:
    assert any(title.startswith(begins) for title in titles(stage, "operations"))


@pytest.mark.parametrize(
    "title", ["Active users", "API usage per tier", "Feature usage", "User sessions"]
)
def test_the_business_metrics_of_the_design_have_widgets(
    stage: SynthesizedStage, title: str
) -> None:
    assert title in titles(stage, "business")


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_every_title_is_unique(stage: SynthesizedStage, dashboard: str) -> None:
    assert len(set(titles(stage, dashboard))) == len(titles(stage, dashboard))


def test_response_times_are_shown_as_p50_p95_and_p99(stage: SynthesizedStage) -> None:
    shown = metrics(widget_with_title(stage, "operations", "Response time"))
    assert [metric.options["stat"] for metric in shown] == ["p50", "p95", "p99"]
    assert {metric.name for metric in shown} == {"TargetResponseTime"}


def test_the_error_rate_includes_errors_of_the_load_balancer(stage: SynthesizedStage) -> None:
    shown = metrics(widget_with_title(stage, "operations", "Error rate"))
    assert {metric.name for metric in shown if not metric.is_expression} == {
        "RequestCount",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
    }


def test_the_hit_rate_includes_all_redis_nodes(stage: SynthesizedStage) -> None:
    shown = metrics(widget_with_title(stage, "operations", "Cache hit rate"))
    nodes = {metric.dimensions["CacheClusterId"] for metric in shown if not metric.is_expression}
    name = stage.settings.resource_name()
    assert nodes == {f"{name}-{node:03}" for node in range(1, stage.settings.cache.nodes + 1)}


def test_the_threshold_lines_are_the_thresholds_of_the_alarms(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage).metric_alarms
    for title, alarm in (
        ("Error rate", "high-error-rate"),
        ("Response time", "slow-answers"),
        ("CPU: PostgreSQL", "database-cpu"),
        ("CPU: Redis", "cache-1-cpu"),
        ("Memory: Redis", "cache-1-memory"),
    ):
        widget = widget_with_title(stage, "operations", title)
        (line,) = widget["properties"]["annotations"]["horizontal"]
        assert line["value"] == alarms[alarm]["Threshold"], title


def test_every_metric_has_a_namespace_of_a_service_of_the_stage(stage: SynthesizedStage) -> None:
    namespaces = {
        *("AWS/ApplicationELB", "AWS/RDS", "AWS/ElastiCache", "AWS/NATGateway", "AWS/EKS"),
        *("AWS/Logs", "AWS/States", "ContainerInsights", "ContainerInsights/Prometheus"),
        f"SpyWatcher/{stage.settings.stage}",
    }
    for metric in all_metrics(stage):
        if not metric.is_expression:
            assert metric.namespace in namespaces
            assert re.fullmatch(r"[A-Za-z]\w+", metric.name), metric.name


def test_every_dimension_is_a_resource_of_the_stage(stage: SynthesizedStage) -> None:
    """It is a reference, or the name of a resource."""
    name = stage.settings.resource_name()
    cache = {f"{name}-{node:03}" for node in range(1, stage.settings.cache.nodes + 1)}
    business = stage.settings.monitoring.business
    machine = f"arn:aws:states:{stage.settings.region}:{ACCOUNT}:stateMachine:{name}-release"
    names: dict[str, set[str]] = {
        "ClusterName": {name},
        "CacheClusterId": cache,
        "Namespace": {"spywatcher"},
        "job": {"backend"},
        "Service": {"spywatcher-backend", "spywatcher-frontend"},
        "PodName": {"spywatcher-backend", "spywatcher-frontend"},
        "Tier": set(business.tiers),
        "Feature": set(business.features),
        "StateMachineArn": {machine},
    }
    for metric in all_metrics(stage):
        for key, value in metric.dimensions.items():
            if key in names:
                assert value in names[key], (metric.name, key)
            else:
                assert "${" in value, (metric.name, key, value)


def test_a_stage_with_container_insights_shows_the_metrics_of_pods(
    stage: SynthesizedStage,
) -> None:
    insights = stage.settings.cluster.container_insights
    assert ("CPU: pods, % of limit" in titles(stage, "operations")) == insights
    namespaces = {metric.namespace for metric in all_metrics(stage)}
    assert ("ContainerInsights" in namespaces) == insights


def test_the_business_metrics_are_those_of_the_metric_filters(stage: SynthesizedStage) -> None:
    created = {
        resource["Properties"]["MetricTransformations"][0]["MetricName"]
        for logical_id, resource in stage.resources("monitoring", "AWS::Logs::MetricFilter").items()
        if logical_id.startswith("LogMetrics")
    }
    shown = {
        metric.name for metric in all_metrics(stage) if metric.namespace.startswith("SpyWatcher/")
    }
    assert shown == created


def test_expressions_use_metrics_of_their_graph(stage: SynthesizedStage) -> None:
    for dashboard in DASHBOARDS:
        for widget in widgets(stage, dashboard):
            entries = metrics(widget)
            ids = {metric.options["id"] for metric in entries if "id" in metric.options}
            for metric in entries:
                expression = metric.options.get("expression", "")
                if not expression.startswith("SEARCH("):
                    used = set(re.findall(r"\b[a-z]\w*\b", expression))
                    assert used <= ids, expression


def test_the_search_for_nodes_contains_a_word_of_the_node_groups_name(
    stage: SynthesizedStage,
) -> None:
    (search,) = metrics(widget_with_title(stage, "operations", "CPU: nodes"))
    name = stage.only("cluster", "AWS::EKS::Nodegroup")["NodegroupName"]
    assert search.options["expression"] == (
        'SEARCH(\'{AWS/EC2,AutoScalingGroupName} MetricName="CPUUtilization" '
        f"AutoScalingGroupName={name.split('-')[-1]}', 'Average', 300)"
    )


def test_changes_come_from_the_audit_log_and_from_cloudtrail(stage: SynthesizedStage) -> None:
    queries = [
        widget["properties"]["query"]
        for widget in widgets(stage, "operations")
        if widget["type"] == "log"
    ]
    assert len(queries) == 2
    assert "ControlPlaneLogs" in queries[0]
    assert "TrailLogs" in queries[1]


def test_the_cost_drivers_show_the_last_seven_days(stage: SynthesizedStage) -> None:
    cost_drivers = [
        widget["properties"]
        for widget in widgets(stage, "operations")
        if widget["properties"].get("title", "").startswith("Cost driver")
    ]
    assert len(cost_drivers) == 3
    assert {properties["start"] for properties in cost_drivers} == {"-P7D"}


def test_the_link_to_the_bill_names_the_tags_of_the_stage(stage: SynthesizedStage) -> None:
    text = json.dumps(widgets(stage, "operations"))
    assert f"`Environment` = `{stage.settings.stage}`" in text
    assert "`Project` = `spywatcher`" in text


def test_every_metric_has_sample_data_for_the_pictures(stage: SynthesizedStage) -> None:
    for metric in all_metrics(stage):
        if metric.options.get("visible") is False:
            continue
        name = metric.options["label"] if metric.is_expression else metric.name
        assert has_sample(name), f"sample_data.py: found no value of {name}"


def test_a_row_has_a_number_of_widgets_that_divides_the_columns() -> None:
    with pytest.raises(ValueError, match="found 5; allowed: a divisor of 24"):
        widget_width(5)
