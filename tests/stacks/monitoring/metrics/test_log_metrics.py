"""Business metrics: what the lines of docs/log-fields.md count."""

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
from tests.simulators.filter_pattern_simulator import Line, matches, value
from tests.synthesis import ROOT, SynthesizedStage

PRICE_USD = 0.30


def filters(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return the filters of business metrics by the name of their metric."""
    found = stage.resources("monitoring", "AWS::Logs::MetricFilter").items()
    properties = [each["Properties"] for id_, each in found if id_.startswith("LogMetrics")]
    return {each["MetricTransformations"][0]["MetricName"]: each for each in properties}


def transformation(stage: SynthesizedStage, metric: str) -> dict[str, Any]:
    (found,) = filters(stage)[metric]["MetricTransformations"]
    read: dict[str, Any] = found
    return read


def document() -> str:
    return (ROOT / "docs" / "log-fields.md").read_text()


def examples() -> list[Line]:
    (block,) = re.findall(r"```json\n(.+?)```", document(), re.DOTALL)
    return [json.loads(line) for line in block.splitlines()]


def wrapped(line: Line, *, namespace: str = "spywatcher", container: str = "backend") -> Line:
    """Return what Fluent Bit makes of a line."""
    return {
        "log": json.dumps(line),
        "stream": "stdout",
        "kubernetes": {
            "namespace_name": namespace,
            "container_name": container,
            "pod_name": "spywatcher-backend-7c9f",
        },
        "log_processed": line,
    }


def counted(stage: SynthesizedStage, metric: str, lines: list[Line]) -> list[Line]:
    pattern = filters(stage)[metric]["FilterPattern"]
    return [line for line in lines if matches(pattern, wrapped(line))]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("ApiRequests", ["6f1c", "6f1d"]),
        ("FeatureUses", ["6f1c"]),
        ("SessionsStarted", ["6f1f"]),
        ("ApplicationErrors", ["6f1d", "6f21"]),
    ],
)
def test_a_filter_counts_the_lines_of_its_event(
    stage: SynthesizedStage, metric: str, expected: list[str]
) -> None:
    assert [line["requestId"] for line in counted(stage, metric, examples())] == expected
    assert transformation(stage, metric)["MetricValue"] == "1"


@pytest.mark.parametrize(("metric", "number"), [("ActiveUsers", 341), ("Sessions", 523)])
def test_a_gauges_number_becomes_the_metric(
    stage: SynthesizedStage, metric: str, number: int
) -> None:
    (line,) = counted(stage, metric, examples())
    assert value(transformation(stage, metric)["MetricValue"], wrapped(line)) == number


@pytest.mark.parametrize(
    ("metric", "dimension", "expected"),
    [("ApiRequests", "Tier", ["PRO", "FREE"]), ("FeatureUses", "Feature", ["ghosts"])],
)
def test_usage_is_counted_by_tier_and_by_feature(
    stage: SynthesizedStage, metric: str, dimension: str, expected: list[str]
) -> None:
    (made,) = transformation(stage, metric)["Dimensions"]
    assert made["Key"] == dimension
    lines = counted(stage, metric, examples())
    assert [value(made["Value"], wrapped(line)) for line in lines] == expected


def test_a_filter_with_a_dimension_has_no_default_value(stage: SynthesizedStage) -> None:
    """CloudWatch Logs refuses the two together."""
    for metric in filters(stage):
        assert "DefaultValue" not in transformation(stage, metric)


def test_a_value_that_the_settings_do_not_list_makes_no_metric(stage: SynthesizedStage) -> None:
    stray = {"event": "api_request", "tier": "GOLD"}
    assert counted(stage, "ApiRequests", [stray]) == []


def test_lines_of_other_containers_count_nothing(stage: SynthesizedStage) -> None:
    for each in filters(stage).values():
        for line in examples():
            assert not matches(each["FilterPattern"], wrapped(line, namespace="kube-system"))
            assert not matches(each["FilterPattern"], wrapped(line, container="frontend"))


def test_text_in_place_of_a_number_is_not_counted(stage: SynthesizedStage) -> None:
    line = {"event": "gauge", "activeUsers": "341", "sessions": "523"}
    assert counted(stage, "ActiveUsers", [line]) == []


def test_filters_read_the_containers_log_group_by_reference(stage: SynthesizedStage) -> None:
    groups = {json.dumps(each["LogGroupName"]) for each in filters(stage).values()}
    (group,) = groups
    assert "ImportValue" in group
    assert "ApplicationLogs" in group


def test_each_stage_counts_in_a_namespace_of_its_own(stage: SynthesizedStage) -> None:
    for metric in filters(stage):
        namespace = transformation(stage, metric)["MetricNamespace"]
        assert namespace == f"SpyWatcher/{stage.settings.stage}"


def test_a_pattern_of_the_most_that_settings_take_is_short_enough() -> None:
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
    patterns = [each["Properties"]["FilterPattern"] for each in resources.values()]
    assert 800 < max(len(pattern) for pattern in patterns) <= 1024


def test_settings_refuse_more_values_than_a_pattern_takes() -> None:
    with pytest.raises(ValueError, match="at most 12 items"):
        BusinessSettings(tiers=tuple(f"T{number}" for number in range(13)))


@pytest.mark.parametrize("values", [("PRO", "PRO"), ("a b",), ('"',)])
def test_settings_refuse_values_that_make_no_dimension(values: tuple[str, ...]) -> None:
    with pytest.raises((ValueError, SettingsError)):
        BusinessSettings(tiers=values)


def test_the_document_names_every_metric_and_what_they_cost_at_most(
    stage: SynthesizedStage,
) -> None:
    text = document()
    for metric in filters(stage):
        assert f"`{metric}`" in text
    business = stage.settings.monitoring.business
    metrics = len(filters(stage)) - 2 + len(business.tiers) + len(business.features)
    assert f"{metrics} metrics,\n{metrics * PRICE_USD:.2f} USD" in text
    assert f"{4 + 24} metrics, {(4 + 24) * PRICE_USD:.2f} USD" in text
