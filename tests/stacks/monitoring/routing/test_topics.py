"""The topics: their subscriptions, their encryption, and who may publish to them."""

import re

from tests.stacks.monitoring.alarm_messages import synthesize_with
from tests.synthesis import ACCOUNT, SynthesizedStage
from tools.templates.text import as_text

SUBSCRIPTIONS = {
    "critical": ["https://events.pagerduty.com/integration/abc/enqueue", "oncall@example.com"],
    "warning": ["team@example.com"],
    "slack": {
        "workspace_id": "T0123456789",
        "critical_channel_id": "C0000000001",
        "warning_channel_id": "C0000000002",
    },
}


def with_subscriptions() -> SynthesizedStage:
    return synthesize_with("staging", monitoring={"subscriptions": SUBSCRIPTIONS})


def test_endpoints_of_the_settings_are_subscribed() -> None:
    subscriptions = with_subscriptions().resources("monitoring", "AWS::SNS::Subscription").values()
    assert {
        (subscription["Properties"]["Protocol"], subscription["Properties"]["Endpoint"])
        for subscription in subscriptions
    } == {
        ("https", "https://events.pagerduty.com/integration/abc/enqueue"),
        ("email", "oncall@example.com"),
        ("email", "team@example.com"),
    }


def test_slack_channels_may_only_read_alarms_and_metrics() -> None:
    stage = with_subscriptions()
    channels = stage.resources("monitoring", "AWS::Chatbot::SlackChannelConfiguration").values()
    assert len(channels) == 2
    (guardrail,) = {as_text(channel["Properties"]["GuardrailPolicies"][0]) for channel in channels}
    logical_id = guardrail.removeprefix("${").removesuffix("}")
    policies = stage.resources("monitoring", "AWS::IAM::ManagedPolicy")
    (statement,) = policies[logical_id]["Properties"]["PolicyDocument"]["Statement"]
    for action in statement["Action"]:
        assert re.match(r"cloudwatch:(Describe|Get|List)", action)


def test_topics_are_encrypted(stage: SynthesizedStage) -> None:
    for topic in stage.resources("monitoring", "AWS::SNS::Topic").values():
        assert topic["Properties"]["KmsMasterKeyId"]


def test_only_alarms_rules_and_cost_services_publish(stage: SynthesizedStage) -> None:
    """EventBridge supports no condition in the policy of a topic; the others have one."""
    policies = stage.resources("monitoring", "AWS::SNS::TopicPolicy").values()
    allowed = [
        (
            as_text(policy["Properties"]["Topics"][0]),
            statement["Principal"]["Service"],
            statement.get("Condition"),
        )
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    own_account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    expected = {
        "Critical": {"cloudwatch": own_account, "events": None},
        "Warning": dict.fromkeys(("budgets", "cloudwatch", "costalerts"), own_account),
    }
    for topic_id, conditions in expected.items():
        assert {
            service.partition(".")[0]: condition
            for topic, service, condition in allowed
            if topic_id in topic
        } == conditions
    assert len(allowed) == 5
