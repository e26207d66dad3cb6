"""The metric filters, applied to the example log events of docs/log-fields.md."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_logs as logs

from settings import SettingsError
from settings.monitoring import BusinessSettings
from stacks.monitoring.metrics.log_metrics import LogMetrics
from tests.simulators.filter_pattern_simulator import LogEvent, field_value, matches
from tests.synthesis import ROOT, SynthesizedStage

PRICE_USD = 0.30


def metric_filters(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the properties of the metric filters of business metrics, by metric name."""
    resources = stage.resources("monitoring", "AWS::Logs::MetricFilter")
    filters = [
        resource["Properties"]
        for logical_id, resource in resources.items()
        if logical_id.startswith("LogMetrics")
    ]
    return {
        properties["MetricTransformations"][0]["MetricName"]: properties for properties in filters
    }


def transformation(stage: SynthesizedStage, metric: str) -> dict[str, Any]:
    only: dict[str, Any]
    (only,) = metric_filters(stage)[metric]["MetricTransformations"]
    return only


def document() -> str:
    return (ROOT / "docs" / "log-fields.md").read_text()


def example_events() -> list[LogEvent]:
    """Return the example log events of the document, before Fluent Bit wraps them."""
    (block,) = re.findall(r"```json\n(.+?)```", document(), re.DOTALL)
    return [json.loads(line) for line in block.splitlines()]


def wrap(event: LogEvent, *, namespace: str = "spywatcher", container: str = "backend") -> LogEvent:
    """Return a log event of a container as Fluent Bit writes it."""
    return {
        "log": json.dumps(event),
        "stream": "stdout",
        "kubernetes": {
            "namespace_name": namespace,
            "container_name": container,
            "pod_name": "spywatcher-backend-7c9f",
        },
        "log_processed": event,
    }


def matching(stage: SynthesizedStage, metric: str, events: list[LogEvent]) -> list[LogEvent]:
    """Return the log events that the filter of a metric matches."""
    pattern = metric_filters(stage)[metric]["FilterPattern"]
    return [event for event in events if matches(pattern, wrap(event))]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("ApiRequests", ["6f1c", "6f1d"]),
        ("FeatureUses", ["6f1c"]),
        ("SessionsStarted", ["6f1f"]),
        ("ApplicationErrors", ["6f1d", "6f21"]),
    ],
)
def test_a_filter_counts_the_log_events_of_its_kind(
    stage: SynthesizedStage, metric: str, expected: list[str]
) -> None:
    events = matching(stage, metric, example_events())
    assert [event["requestId"] for event in events] == expected
    assert transformation(stage, metric)["MetricValue"] == "1"


@pytest.mark.parametrize(("metric", "number"), [("ActiveUsers", 341), ("Sessions", 523)])
def test_the_number_of_a_gauge_becomes_the_metric(
    stage: SynthesizedStage, metric: str, number: int
) -> None:
    (event,) = matching(stage, metric, example_events())
    assert field_value(transformation(stage, metric)["MetricValue"], wrap(event)) == number


@pytest.mark.parametrize(
    ("metric", "dimension", "expected"),
    [("ApiRequests", "Tier", ["PRO", "FREE"]), ("FeatureUses", "Feature", ["ghosts"])],
)
def test_usage_is_counted_by_tier_and_by_feature(
    stage: SynthesizedStage, metric: str, dimension: str, expected: list[str]
) -> None:
    (actual,) = transformation(stage, metric)["Dimensions"]
    assert actual["Key"] == dimension
    events = matching(stage, metric, example_events())
    assert [field_value(actual["Value"], wrap(event)) for event in events] == expected


def test_a_filter_with_a_dimension_has_no_default_value(stage: SynthesizedStage) -> None:
    """CloudWatch Logs refuses both together."""
    for metric in metric_filters(stage):
        assert "DefaultValue" not in transformation(stage, metric)


def test_a_value_outside_the_settings_creates_no_metric(stage: SynthesizedStage) -> None:
    unknown_tier = {"event": "api_request", "tier": "GOLD"}
    assert matching(stage, "ApiRequests", [unknown_tier]) == []


def test_log_events_of_other_containers_are_not_counted(stage: SynthesizedStage) -> None:
    for properties in metric_filters(stage).values():
        pattern = properties["FilterPattern"]
        for event in example_events():
            assert not matches(pattern, wrap(event, namespace="kube-system"))
            assert not matches(pattern, wrap(event, container="frontend"))


def test_text_in_place_of_a_number_is_not_counted(stage: SynthesizedStage) -> None:
    event = {"event": "gauge", "activeUsers": "341", "sessions": "523"}
    assert matching(stage, "ActiveUsers", [event]) == []


def test_the_filters_refer_to_the_log_group_of_the_containers(stage: SynthesizedStage) -> None:
    (log_group,) = {
        json.dumps(properties["LogGroupName"]) for properties in metric_filters(stage).values()
    }
    assert "ImportValue" in log_group
    assert "ApplicationLogs" in log_group


def test_each_stage_has_its_own_metric_namespace(stage: SynthesizedStage) -> None:
    for metric in metric_filters(stage):
        namespace = transformation(stage, metric)["MetricNamespace"]
        assert namespace == f"SpyWatcher/{stage.settings.stage}"


def test_the_longest_pattern_of_the_settings_is_within_the_limit() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    values = tuple(f"{number:024}" for number in range(12))
    LogMetrics(
        stack,
        "Metrics",
        stage="a-stage-of-16-ch",
        settings=BusinessSettings(tiers=values, features=values),
        log_group=logs.LogGroup(stack, "Logs"),
    )
    resources = assertions.Template.from_stack(stack).find_resources("AWS::Logs::MetricFilter")
    patterns = [resource["Properties"]["FilterPattern"] for resource in resources.values()]
    assert 800 < max(len(pattern) for pattern in patterns) <= 1024


def test_settings_refuse_more_values_than_a_pattern_allows() -> None:
    with pytest.raises(ValueError, match="at most 12 items"):
        BusinessSettings(tiers=tuple(f"T{number}" for number in range(13)))


@pytest.mark.parametrize("values", [("PRO", "PRO"), ("a b",), ('"',)])
def test_settings_refuse_values_that_are_no_dimension_values(values: tuple[str, ...]) -> None:
    with pytest.raises((ValueError, SettingsError)):
        BusinessSettings(tiers=values)


def test_the_document_names_every_metric_and_the_maximum_cost(
    stage: SynthesizedStage,
) -> None:
    text = document()
    for metric in metric_filters(stage):
        assert f"`{metric}`" in text
    business = stage.settings.monitoring.business
    metrics = len(metric_filters(stage)) - 2 + len(business.tiers) + len(business.features)
    assert f"{metrics} metrics,\n{metrics * PRICE_USD:.2f} USD" in text
    assert f"{4 + 24} metrics, {(4 + 24) * PRICE_USD:.2f} USD" in text
