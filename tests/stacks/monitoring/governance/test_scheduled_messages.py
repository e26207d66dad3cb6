"""The messages of EventBridge Scheduler: permissions, lost messages and runbook links."""

from tests.simulators.alarm_simulator import StageAlarms
from tests.stacks.deployed_schedules import SCHEDULE
from tests.synthesis import ROOT, SynthesizedStage
from tools.templates.text import as_text


def test_a_lost_message_notifies(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage)
    alarm = alarms.metric_alarms["message-lost"]
    assert alarm["MetricName"] == "InvocationDroppedCount"
    group = stage.only("monitoring", "AWS::Scheduler::ScheduleGroup")
    assert alarm["Dimensions"] == [{"Name": "ScheduleGroup", "Value": group["Name"]}]
    assert alarms.topics("message-lost-warning") == ["warning"]


def test_the_schedules_may_only_publish_to_their_topics(stage: SynthesizedStage) -> None:
    policies = stage.resources("monitoring", "AWS::IAM::ManagedPolicy")
    ((policy_id, policy),) = (
        (logical_id, resource["Properties"])
        for logical_id, resource in policies.items()
        if logical_id.startswith("MaintenancePublisher")
    )
    publish, encrypt = policy["PolicyDocument"]["Statement"]
    assert publish["Action"] == "sns:Publish"
    assert all("Ref" in resource for resource in publish["Resource"])
    assert encrypt["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "KeysTopics" in as_text(encrypt["Resource"])
    (role,) = (
        logical_id
        for logical_id, resource in stage.resources("monitoring", "AWS::IAM::Role").items()
        if {"Ref": policy_id} in resource["Properties"].get("ManagedPolicyArns", [])
    )
    for inline_policy in stage.resources("monitoring", "AWS::IAM::Policy").values():
        assert {"Ref": role} not in inline_policy["Properties"]["Roles"]


def test_each_runbook_that_a_message_links_to_exists(stage: SynthesizedStage) -> None:
    links = []
    for schedule in stage.resources("monitoring", SCHEDULE).values():
        text = as_text(schedule["Properties"]["Target"].get("Input", ""))
        if "/blob/main/" in text:
            links.append(text.partition("/blob/main/")[2].partition("\\n")[0])
    assert len(links) >= 6
    assert not [link for link in links if not (ROOT / link).is_file()]
