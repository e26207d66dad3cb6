"""INFRASTRUCTURE.md, Cost Estimation: budgets at the design's totals, and cost anomalies."""

import json
from typing import Any

import pytest

from settings import StageSettings
from tests.synthesis import ACCOUNT, ROOT, SynthesizedStage, synthesize

BUDGET = "AWS::Budgets::Budget"
MONITOR = "AWS::CE::AnomalyMonitor"
SUBSCRIPTION = "AWS::CE::AnomalySubscription"


def budget(stage: SynthesizedStage) -> dict[str, Any]:
    properties: dict[str, Any] = stage.only("monitoring", BUDGET)["Budget"]
    return properties


def warning_topic(stage: SynthesizedStage) -> tuple[str, list[dict[str, Any]]]:
    """Return the logical id of the topic `warning`, and the statements of its policy."""
    (topic,) = (
        logical_id
        for logical_id, resource in stage.resources("monitoring", "AWS::SNS::Topic").items()
        if resource["Properties"]["TopicName"].endswith("-warning")
    )
    (statements,) = (
        policy["Properties"]["PolicyDocument"]["Statement"]
        for policy in stage.resources("monitoring", "AWS::SNS::TopicPolicy").values()
        if policy["Properties"]["Topics"] == [{"Ref": topic}]
    )
    return topic, statements


@pytest.mark.parametrize(("name", "usd"), [("production", 718), ("staging", 273)])
def test_the_budget_is_the_designs_total(
    production: SynthesizedStage, staging: SynthesizedStage, name: str, usd: int
) -> None:
    stage = {"production": production, "staging": staging}[name]
    assert budget(stage)["BudgetLimit"] == {"Amount": usd, "Unit": "USD"}
    assert (budget(stage)["BudgetType"], budget(stage)["TimeUnit"]) == ("COST", "MONTHLY")


def test_the_budget_counts_resources_with_the_stages_tags(stage: SynthesizedStage) -> None:
    assert budget(stage)["FilterExpression"] == {
        "And": [
            {"Tags": {"Key": "Project", "Values": ["spywatcher"]}},
            {"Tags": {"Key": "Environment", "Values": [stage.settings.stage]}},
        ]
    }


def test_the_budget_notifies_at_80_percent_actual_and_100_percent_forecast(
    stage: SynthesizedStage,
) -> None:
    topic, _ = warning_topic(stage)
    thresholds = {}
    for alert in stage.only("monitoring", BUDGET)["NotificationsWithSubscribers"]:
        notification = alert["Notification"]
        assert notification["ThresholdType"] == "PERCENTAGE"
        assert notification["ComparisonOperator"] == "GREATER_THAN"
        assert alert["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": topic}}]
        thresholds[notification["NotificationType"]] = notification["Threshold"]
    assert thresholds == {"ACTUAL": 80, "FORECASTED": 100}


def test_the_stage_that_monitors_the_account_makes_an_anomaly_monitor_of_the_project(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    monitor = production.only("monitoring", MONITOR)
    # AWS may have created the only monitor of services that an account can have.
    assert monitor["MonitorType"] == "CUSTOM"
    assert json.loads(monitor["MonitorSpecification"]) == {
        "Tags": {"Key": "Project", "Values": ["spywatcher"]}
    }
    assert not staging.resources("monitoring", MONITOR)
    assert not staging.resources("monitoring", SUBSCRIPTION)


def with_anomaly_monitor(production: SynthesizedStage, **account_wide: str) -> SynthesizedStage:
    values = production.settings.model_dump()
    values["account_wide"] |= account_wide
    return synthesize(StageSettings.model_validate(values))


def test_a_monitor_that_exists_is_used_by_its_arn(production: SynthesizedStage) -> None:
    """A member account of an organization cannot monitor a tag."""
    arn = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/12345678-1234-1234-1234-123456789012"
    stage = with_anomaly_monitor(production, anomaly_monitor="use", anomaly_monitor_arn=arn)
    assert not stage.resources("monitoring", MONITOR)
    assert stage.only("monitoring", SUBSCRIPTION)["MonitorArnList"] == [arn]


def test_an_account_may_do_without_an_anomaly_monitor(production: SynthesizedStage) -> None:
    stage = with_anomaly_monitor(production, anomaly_monitor="none")
    assert not stage.resources("monitoring", MONITOR)
    assert not stage.resources("monitoring", SUBSCRIPTION)


def test_an_anomaly_of_the_settings_amount_notifies_immediately(
    production: SynthesizedStage,
) -> None:
    values = production.settings.model_dump()
    values["cost"]["anomaly_usd"] = 120
    stage = synthesize(StageSettings.model_validate(values))
    subscription = stage.only("monitoring", SUBSCRIPTION)
    assert subscription["Frequency"] == "IMMEDIATE", "SNS accepts no summaries"
    topic, _ = warning_topic(stage)
    assert subscription["Subscribers"] == [{"Type": "SNS", "Address": {"Ref": topic}}]
    (monitor,) = stage.resources("monitoring", MONITOR)
    assert subscription["MonitorArnList"] == [{"Fn::GetAtt": [monitor, "MonitorArn"]}]
    threshold = json.loads(subscription["ThresholdExpression"])["Dimensions"]
    assert threshold == {
        "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
        "Values": ["120"],
    }


# Permission to publish


@pytest.mark.parametrize(
    "service",
    [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "costalerts.amazonaws.com",
    ],
)
def test_a_service_may_publish_for_its_own_account_alone(
    stage: SynthesizedStage, service: str
) -> None:
    own_account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    topic, statements = warning_topic(stage)
    (publish,) = (
        statement for statement in statements if statement["Principal"] == {"Service": service}
    )
    assert (publish["Effect"], publish["Action"]) == ("Allow", "sns:Publish")
    assert publish["Resource"] == {"Ref": topic}
    assert publish["Condition"] == own_account
    (key,) = (
        resource["Properties"]
        for logical_id, resource in stage.resources("security", "AWS::KMS::Key").items()
        if logical_id.startswith("KeysTopics")
    )
    (use_key,) = (
        statement
        for statement in key["KeyPolicy"]["Statement"]
        if statement.get("Sid") == "PublishToEncryptedTopics"
    )
    assert service in use_key["Principal"]["Service"]
    assert use_key["Condition"] == own_account


def test_the_alerts_are_created_after_the_topics_policy(production: SynthesizedStage) -> None:
    """Cost Anomaly Detection refuses a topic to which it may not publish."""
    (policy,) = (
        logical_id
        for logical_id in production.resources("monitoring", "AWS::SNS::TopicPolicy")
        if logical_id.startswith("TopicsWarning")
    )
    for resource_type in (BUDGET, SUBSCRIPTION):
        (resource,) = production.resources("monitoring", resource_type).values()
        assert policy in resource["DependsOn"]


def test_the_runbook_of_a_new_account_activates_the_cost_allocation_tags() -> None:
    text = (ROOT / "docs/runbooks/new-account.md").read_text()
    assert "aws ce update-cost-allocation-tags-status" in text
    for key in ("Environment", "Project", "ManagedBy", "CostCenter"):
        assert f"TagKey={key},Status=Active" in text
