"""INFRASTRUCTURE.md: Cost Estimation. A budget at the design's totals, and unusual rises."""

import json
from typing import Any

import pytest

from settings import StageSettings
from tests.synthesis import ACCOUNT, ROOT, SynthesizedStage, synthesize

BUDGET = "AWS::Budgets::Budget"
MONITOR = "AWS::CE::AnomalyMonitor"
SUBSCRIPTION = "AWS::CE::AnomalySubscription"


def budget(stage: SynthesizedStage) -> dict[str, Any]:
    found: dict[str, Any] = stage.only("monitoring", BUDGET)["Budget"]
    return found


def warning_topic(stage: SynthesizedStage) -> tuple[str, list[dict[str, Any]]]:
    """Return the logical id of topic `warning`, and the statements of its policy."""
    (topic,) = (
        key
        for key, each in stage.resources("monitoring", "AWS::SNS::Topic").items()
        if each["Properties"]["TopicName"].endswith("-warning")
    )
    (statements,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in stage.resources("monitoring", "AWS::SNS::TopicPolicy").values()
        if each["Properties"]["Topics"] == [{"Ref": topic}]
    )
    return topic, statements


@pytest.mark.parametrize(("name", "usd"), [("production", 718), ("staging", 273)])
def test_the_budget_is_the_designs_total(
    production: SynthesizedStage, staging: SynthesizedStage, name: str, usd: int
) -> None:
    stage = {"production": production, "staging": staging}[name]
    assert budget(stage)["BudgetLimit"] == {"Amount": usd, "Unit": "USD"}
    assert (budget(stage)["BudgetType"], budget(stage)["TimeUnit"]) == ("COST", "MONTHLY")


def test_it_counts_what_carries_the_stages_tags(stage: SynthesizedStage) -> None:
    assert budget(stage)["FilterExpression"] == {
        "And": [
            {"Tags": {"Key": "Project", "Values": ["spywatcher"]}},
            {"Tags": {"Key": "Environment", "Values": [stage.settings.stage]}},
        ]
    }


def test_it_warns_at_80_percent_spent_and_100_percent_forecast(stage: SynthesizedStage) -> None:
    topic, _ = warning_topic(stage)
    alerts = {}
    for each in stage.only("monitoring", BUDGET)["NotificationsWithSubscribers"]:
        notification = each["Notification"]
        assert notification["ThresholdType"] == "PERCENTAGE"
        assert notification["ComparisonOperator"] == "GREATER_THAN"
        assert each["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": topic}}]
        alerts[notification["NotificationType"]] = notification["Threshold"]
    assert alerts == {"ACTUAL": 80, "FORECASTED": 100}


def test_an_account_has_one_anomaly_monitor_over_the_whole_project(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    monitor = production.only("monitoring", MONITOR)
    # By tag: an account has at most one by service, and AWS may have made it already.
    assert monitor["MonitorType"] == "CUSTOM"
    assert json.loads(monitor["MonitorSpecification"]) == {
        "Tags": {"Key": "Project", "Values": ["spywatcher"]}
    }
    assert not staging.resources("monitoring", MONITOR)
    assert not staging.resources("monitoring", SUBSCRIPTION)


def test_a_rise_is_told_at_once_from_the_settings_amount_on(production: SynthesizedStage) -> None:
    given = production.settings.model_dump()
    given["cost"]["anomaly_usd"] = 120
    stage = synthesize(StageSettings.model_validate(given))
    subscription = stage.only("monitoring", SUBSCRIPTION)
    assert subscription["Frequency"] == "IMMEDIATE", "SNS takes no summaries"
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


# Who may publish


@pytest.mark.parametrize(
    "service",
    [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "costalerts.amazonaws.com",
    ],
)
def test_the_service_may_publish_for_this_account_alone(
    stage: SynthesizedStage, service: str
) -> None:
    own = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    topic, statements = warning_topic(stage)
    (publish,) = (each for each in statements if each["Principal"] == {"Service": service})
    assert (publish["Effect"], publish["Action"]) == ("Allow", "sns:Publish")
    assert publish["Resource"] == {"Ref": topic}
    assert publish["Condition"] == own
    (key,) = (
        each["Properties"]
        for name, each in stage.resources("security", "AWS::KMS::Key").items()
        if name.startswith("KeysTopics")
    )
    (use,) = (
        each
        for each in key["KeyPolicy"]["Statement"]
        if each.get("Sid") == "PublishToEncryptedTopics"
    )
    assert service in use["Principal"]["Service"]
    assert use["Condition"] == own


def test_the_alerts_are_made_after_the_topics_policy(production: SynthesizedStage) -> None:
    """Cost Anomaly Detection refuses a topic to which it may not publish."""
    (policy,) = (
        name
        for name in production.resources("monitoring", "AWS::SNS::TopicPolicy")
        if name.startswith("TopicsWarning")
    )
    for resource_type in (BUDGET, SUBSCRIPTION):
        (resource,) = production.resources("monitoring", resource_type).values()
        assert policy in resource["DependsOn"]


def test_the_runbook_of_a_new_account_activates_the_tags() -> None:
    text = (ROOT / "docs/runbooks/new-account.md").read_text()
    assert "aws ce update-cost-allocation-tags-status" in text
    for key in ("Environment", "Project", "ManagedBy", "CostCenter"):
        assert f"TagKey={key},Status=Active" in text
