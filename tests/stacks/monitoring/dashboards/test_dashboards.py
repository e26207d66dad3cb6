"""The dashboards: what they answer, in which order, and that every metric leads somewhere."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.monitoring.dashboards.widgets import widget_width
from tests.stacks.monitoring.dashboards.body import body
from tests.stacks.monitoring.dashboards.samples import known
from tests.synthesis import SynthesizedStage

KINDS = ("operations", "business")
# "CloudWatch quotas", Dashboards.
MOST_WIDGETS = 500
MOST_METRICS_A_WIDGET = 500
MOST_METRICS = 2500

Widget = dict[str, Any]


def widgets(stage: SynthesizedStage, kind: str) -> list[Widget]:
    found: list[Widget] = body(stage, kind)["widgets"]
    return found


def titles(stage: SynthesizedStage, kind: str) -> list[str]:
    return [
        each["properties"]["title"]
        for each in widgets(stage, kind)
        if "title" in each["properties"]
    ]


def titled(stage: SynthesizedStage, kind: str, title: str) -> Widget:
    (found,) = [each for each in widgets(stage, kind) if each["properties"].get("title") == title]
    return found


class Metric:
    """A line of a graph, read out of the array that a dashboard has for it."""

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
    for kind in KINDS:
        for widget in widgets(stage, kind):
            yield from metrics(widget)


def headings(stage: SynthesizedStage, kind: str) -> list[str]:
    found = [each["properties"].get("markdown", "") for each in widgets(stage, kind)]
    return [text.removeprefix("## ") for text in found if text.startswith("## ")]


def test_each_stage_has_one_dashboard_for_operators_and_one_for_the_business(
    stage: SynthesizedStage,
) -> None:
    made = stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
    name = stage.settings.resource_name()
    assert {each["Properties"]["DashboardName"] for each in made} == {
        f"{name}-operations",
        f"{name}-business",
    }


def test_it_answers_top_to_bottom_up_fast_full_changed_cost(stage: SynthesizedStage) -> None:
    assert headings(stage, "operations") == [
        "Is it up?",
        "Is it fast?",
        "Is it full?",
        "What changed?",
        "What does it cost?",
    ]
    rows = [each["y"] for each in widgets(stage, "operations") if each["type"] == "text"]
    assert rows == sorted(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_widgets_fit_the_24_columns_and_do_not_overlap(stage: SynthesizedStage, kind: str) -> None:
    taken: set[tuple[int, int]] = set()
    for each in widgets(stage, kind):
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, each["properties"]
        taken |= cells


@pytest.mark.parametrize("kind", KINDS)
def test_no_row_leaves_columns_empty(stage: SynthesizedStage, kind: str) -> None:
    widths: dict[int, int] = {}
    for each in widgets(stage, kind):
        widths[each["y"]] = widths.get(each["y"], 0) + each["width"]
    assert set(widths.values()) == {24}


@pytest.mark.parametrize("kind", KINDS)
def test_a_dashboard_stays_within_the_limits_of_cloudwatch(
    stage: SynthesizedStage, kind: str
) -> None:
    found = widgets(stage, kind)
    counts = [len(each["properties"].get("metrics", [])) for each in found]
    assert len(found) <= MOST_WIDGETS
    assert max(counts) <= MOST_METRICS_A_WIDGET
    assert sum(counts) <= MOST_METRICS


def test_alarms_come_first_and_none_is_missing(stage: SynthesizedStage) -> None:
    alarms = {
        **stage.resources("monitoring", "AWS::CloudWatch::Alarm"),
        **stage.resources("monitoring", "AWS::CloudWatch::CompositeAlarm"),
    }
    (shown,) = [each for each in widgets(stage, "operations") if each["type"] == "alarm"]
    assert shown["y"] == 1
    assert set(shown["properties"]["alarms"]) == {f"${{{each}.Arn}}" for each in alarms}


@pytest.mark.parametrize(
    "begins",
    [
        *("Requests", "Response time", "Errors", "Active connections", "Cache hit rate"),
        *("CPU", "Memory", "Network", "Disk I/O"),
    ],
)
def test_application_and_infrastructure_are_measured(stage: SynthesizedStage, begins: str) -> None:
    assert any(title.startswith(begins) for title in titles(stage, "operations"))


@pytest.mark.parametrize(
    "title", ["Active users", "API usage per tier", "Feature usage", "User sessions"]
)
def test_the_business_is_measured(stage: SynthesizedStage, title: str) -> None:
    assert title in titles(stage, "business")


@pytest.mark.parametrize("kind", KINDS)
def test_every_title_is_said_once(stage: SynthesizedStage, kind: str) -> None:
    assert len(set(titles(stage, kind))) == len(titles(stage, kind))


def test_response_times_are_shown_as_p50_p95_and_p99(stage: SynthesizedStage) -> None:
    shown = metrics(titled(stage, "operations", "Response time"))
    assert [each.options["stat"] for each in shown] == ["p50", "p95", "p99"]
    assert {each.name for each in shown} == {"TargetResponseTime"}


def test_the_error_rate_counts_errors_of_the_load_balancer_too(stage: SynthesizedStage) -> None:
    shown = metrics(titled(stage, "operations", "Errors, of all answers"))
    assert {each.name for each in shown if not each.is_expression} == {
        "RequestCount",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
    }


def test_the_hit_rate_is_of_all_nodes_of_redis(stage: SynthesizedStage) -> None:
    shown = metrics(titled(stage, "operations", "Cache hit rate"))
    nodes = {each.dimensions["CacheClusterId"] for each in shown if not each.is_expression}
    name = stage.settings.resource_name()
    assert nodes == {f"{name}-{node:03}" for node in range(1, stage.settings.cache.nodes + 1)}


def test_lines_across_are_where_the_alarms_go_off(stage: SynthesizedStage) -> None:
    alarms = {
        each["Properties"]["AlarmName"].removeprefix(f"{stage.settings.resource_name()}-"): each[
            "Properties"
        ]["Threshold"]
        for each in stage.resources("monitoring", "AWS::CloudWatch::Alarm").values()
    }
    for title, alarm in (
        ("Errors, of all answers", "high-error-rate"),
        ("Response time", "slow-answers"),
        ("CPU: PostgreSQL", "database-cpu"),
        ("CPU: Redis", "cache-1-cpu"),
        ("Memory: Redis", "cache-1-memory"),
    ):
        widget = titled(stage, "operations", title)
        (line,) = widget["properties"]["annotations"]["horizontal"]
        assert line["value"] == alarms[alarm], title


def test_every_metric_is_one_that_its_service_publishes(stage: SynthesizedStage) -> None:
    namespaces = {
        *("AWS/ApplicationELB", "AWS/RDS", "AWS/ElastiCache", "AWS/NATGateway", "AWS/EKS"),
        *("AWS/Logs", "ContainerInsights", "ContainerInsights/Prometheus"),
        f"SpyWatcher/{stage.settings.stage}",
    }
    for metric in all_metrics(stage):
        if not metric.is_expression:
            assert metric.namespace in namespaces
            assert re.fullmatch(r"[A-Za-z]\w+", metric.name), metric.name


def test_every_dimension_is_a_resource_of_the_stage(stage: SynthesizedStage) -> None:
    """By reference, or by the one name that the stage gave it."""
    name = stage.settings.resource_name()
    cache = {f"{name}-{node:03}" for node in range(1, stage.settings.cache.nodes + 1)}
    business = stage.settings.monitoring.business
    names: dict[str, set[str]] = {
        "ClusterName": {name},
        "CacheClusterId": cache,
        "Namespace": {"spywatcher"},
        "job": {"backend"},
        "Service": {"spywatcher-backend", "spywatcher-frontend"},
        "PodName": {"spywatcher-backend", "spywatcher-frontend"},
        "Tier": set(business.tiers),
        "Feature": set(business.features),
    }
    for metric in all_metrics(stage):
        for key, value in metric.dimensions.items():
            if key in names:
                assert value in names[key], (metric.name, key)
            else:
                assert "${" in value, (metric.name, key, value)


def test_metrics_of_pods_are_shown_where_container_insights_measures_them(
    stage: SynthesizedStage,
) -> None:
    insights = stage.settings.cluster.container_insights
    assert ("CPU: pods, of their limit" in titles(stage, "operations")) == insights
    namespaces = {metric.namespace for metric in all_metrics(stage)}
    assert ("ContainerInsights" in namespaces) == insights


def test_business_metrics_are_those_that_the_filters_make(stage: SynthesizedStage) -> None:
    made = {
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for id_, each in stage.resources("monitoring", "AWS::Logs::MetricFilter").items()
        if id_.startswith("LogMetrics")
    }
    shown = {
        metric.name for metric in all_metrics(stage) if metric.namespace.startswith("SpyWatcher/")
    }
    assert shown == made


def test_math_uses_metrics_that_the_graph_has(stage: SynthesizedStage) -> None:
    for kind in KINDS:
        for widget in widgets(stage, kind):
            entries = metrics(widget)
            ids = {each.options["id"] for each in entries if "id" in each.options}
            for each in entries:
                expression = each.options.get("expression", "")
                if not expression.startswith("SEARCH("):
                    used = set(re.findall(r"\b[a-z]\w*\b", expression))
                    assert used <= ids, expression


def test_a_search_for_nodes_names_a_word_of_the_node_groups_name(stage: SynthesizedStage) -> None:
    (search,) = metrics(titled(stage, "operations", "CPU: nodes"))
    assert re.fullmatch(
        r"SEARCH\('\{AWS/EC2,AutoScalingGroupName\} MetricName=\"CPUUtilization\" "
        r"AutoScalingGroupName=\$\{.+\}', 'Average', 300\)",
        search.options["expression"],
    ), search.options["expression"]


def test_changes_come_from_the_audit_log_and_from_cloudtrail(stage: SynthesizedStage) -> None:
    queries = [
        each["properties"]["query"]
        for each in widgets(stage, "operations")
        if each["type"] == "log"
    ]
    assert len(queries) == 2
    assert "ControlPlaneLogs" in queries[0]
    assert "TrailLogs" in queries[1]


def test_what_drives_the_cost_is_shown_day_by_day_for_a_week(stage: SynthesizedStage) -> None:
    shown = [
        each["properties"]
        for each in widgets(stage, "operations")
        if each["properties"].get("title", "").startswith("Cost driver")
    ]
    assert len(shown) == 3
    assert {each["start"] for each in shown} == {"-P7D"}


def test_the_bill_is_found_by_the_tags_of_the_stage(stage: SynthesizedStage) -> None:
    text = json.dumps(widgets(stage, "operations"))
    assert f"`Environment` = `{stage.settings.stage}`" in text
    assert "`Project` = `spywatcher`" in text


def test_the_pictures_have_a_sample_of_every_metric(stage: SynthesizedStage) -> None:
    for metric in all_metrics(stage):
        if metric.options.get("visible") is False:
            continue
        name = metric.options["label"] if metric.is_expression else metric.name
        assert known(name), f"tests/stacks/monitoring/dashboards/samples.py: none of {name}"


def test_a_row_takes_only_as_many_widgets_as_divide_the_grid() -> None:
    with pytest.raises(ValueError, match="found 5; allowed: a divisor of 24"):
        widget_width(5)
