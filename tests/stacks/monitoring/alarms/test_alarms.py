"""The alarms: who is told, what missing data means, and where each description leads."""

import re
from typing import Any

import pytest

from settings import StageSettings, load_stage
from tests.simulators.alarm_simulator import Alarms
from tests.synthesis import ROOT, SynthesizedStage, joined, synthesize

RUNBOOK = "docs/runbooks/alarms.md"
LINK = re.compile(r"https://github\.com/([^/]+/[^/]+)/blob/main/(\S+)#(\S+)")
DASHBOARD = re.compile(r"#dashboards/dashboard/(\S+)")
SUBSCRIPTIONS = {
    "critical": ["https://events.pagerduty.com/integration/abc/enqueue", "oncall@example.com"],
    "warning": ["team@example.com"],
    "slack": {
        "workspace_id": "T0123456789",
        "critical_channel_id": "C0000000001",
        "warning_channel_id": "C0000000002",
    },
}


def changed(stage: str, **sections: dict[str, Any]) -> SynthesizedStage:
    values = load_stage(stage).model_dump()
    merged = {name: values[name] | section for name, section in sections.items()}
    return synthesize(StageSettings.model_validate(values | merged))


def sections() -> set[str]:
    """Return the anchors of the runbook's headings."""
    return set(re.findall(r"^## (\S+)$", (ROOT / RUNBOOK).read_text(), re.MULTILINE))


def events(stage: SynthesizedStage) -> list[str]:
    """Return what the rules write to the critical topic."""
    rules = stage.resources("monitoring", "AWS::Events::Rule").values()
    targets = [target for rule in rules for target in rule["Properties"]["Targets"]]
    return [
        joined(target["InputTransformer"]["InputTemplate"])
        for target in targets
        if "InputTransformer" in target
    ]


def test_every_metric_alarm_is_heard_of(stage: SynthesizedStage) -> None:
    """It tells a topic, or is in a composite alarm that does, or holds others back."""
    alarms = Alarms(stage)
    heard = {name for name in alarms.all if alarms.topics(name)}
    members = set().union(*(alarms.members(name) for name in heard & set(alarms.composite)))
    suppressors = {alarms.suppressor(name) for name in alarms.composite}
    quiet = alarms.members("quiet")
    assert set(alarms.all) == heard | members | (suppressors - {None}) | quiet


def test_a_warning_never_goes_out_unsuppressed(stage: SynthesizedStage) -> None:
    alarms = Alarms(stage)
    warnings = [name for name in alarms.all if "warning" in alarms.topics(name)]
    assert len(warnings) > 10
    assert {alarms.suppressor(name) for name in warnings} == {"quiet"}


def test_a_page_is_never_held_for_the_night(stage: SynthesizedStage) -> None:
    alarms = Alarms(stage)
    pages = [name for name in alarms.all if "critical" in alarms.topics(name)]
    assert {alarms.suppressor(name) for name in pages} <= {None, "outage"}
    assert "outside-business-hours" not in set().union(
        *(alarms.members(name) for name in pages if name in alarms.composite)
    )


def test_each_alarm_is_told_of_when_it_is_over(stage: SynthesizedStage) -> None:
    for name, alarm in Alarms(stage).all.items():
        assert alarm.get("OKActions") == alarm.get("AlarmActions"), name


def test_every_link_of_every_alarm_leads_somewhere(stage: SynthesizedStage) -> None:
    repository = stage.settings.access.github_repository
    dashboards = {
        each["Properties"]["DashboardName"]
        for each in stage.resources("monitoring", "AWS::CloudWatch::Dashboard").values()
    }
    texts = [joined(each["AlarmDescription"]) for each in Alarms(stage).all.values()]
    for text in texts + events(stage):
        (link,) = LINK.findall(text)
        assert link[0] == repository
        assert link[1] == RUNBOOK
        assert link[2].rstrip('"') in sections(), link[2]
        for name in DASHBOARD.findall(text):
            assert name in dashboards


def test_every_alarm_that_is_told_says_what_it_means_and_what_to_look_at(
    stage: SynthesizedStage,
) -> None:
    alarms = Alarms(stage)
    for name, alarm in alarms.all.items():
        text = joined(alarm["AlarmDescription"])
        assert 0 < len(text) <= 1024, name
        if alarms.topics(name):
            assert re.fullmatch(
                r"[A-Z].+\n\nLook at: .+\nDashboard: \S+\nRunbook: \S+", text, re.DOTALL
            ), name


def test_an_alarm_has_its_own_section_of_the_runbook(stage: SynthesizedStage) -> None:
    for name, alarm in Alarms(stage).all.items():
        own = re.sub(r"-(replica-)?\d+", "", name)
        own = own.removesuffix("-warning").removesuffix("-page")
        assert LINK.findall(joined(alarm["AlarmDescription"]))[0][2] == own


def test_the_runbook_has_no_section_that_nothing_leads_to() -> None:
    led_to = {"subscriptions"}
    for stage in (synthesize(load_stage("production")), changed("staging", database=REPLICAS)):
        texts = [joined(each["AlarmDescription"]) for each in Alarms(stage).all.values()]
        led_to |= {LINK.findall(text)[0][2].rstrip('"') for text in texts + events(stage)}
    assert sections() == led_to


REPLICAS = {"read_replicas": 2}


def test_files_that_the_runbook_links_to_exist() -> None:
    text = (ROOT / RUNBOOK).read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        assert (ROOT / "docs/runbooks" / path).exists() if path else anchor in sections(), target


def test_missing_data_is_bad_only_where_the_resource_always_reports(
    stage: SynthesizedStage,
) -> None:
    alarms = Alarms(stage)
    bad = {name for name, each in alarms.metric.items() if each["TreatMissingData"] == "breaching"}
    always = {"backend-down", "frontend-down", "database-unavailable", "backup-missing"}
    always |= {name for name in alarms.metric if re.fullmatch(r"cache-\d-unavailable", name)}
    assert bad - {"cluster-without-nodes"} == always
    assert alarms.metric["certificate-expiring"]["TreatMissingData"] == "ignore"


def test_thresholds_are_percentages_of_what_the_instance_has(production: SynthesizedStage) -> None:
    """A db.t3.large: 8 GiB, 901 connections, 864 credits; 100 GiB that grow; cache.t3.medium."""
    metric = Alarms(production).metric
    assert metric["database-memory"]["Threshold"] == pytest.approx(0.1 * 8 * 1024**3)
    assert metric["database-connections"]["Threshold"] == round(0.8 * 901)
    assert metric["database-credits"]["Threshold"] == pytest.approx(0.2 * 864)
    assert metric["database-storage"]["Threshold"] == pytest.approx(0.05 * 100 * 1024**3)
    assert metric["cache-1-credits"]["Threshold"] == pytest.approx(0.2 * 576)


def test_storage_that_does_not_grow_warns_at_a_fifth(staging: SynthesizedStage) -> None:
    threshold = Alarms(staging).metric["database-storage"]["Threshold"]
    assert threshold == pytest.approx(0.2 * 50 * 1024**3)


def test_a_read_replica_has_alarms_too() -> None:
    alarms = Alarms(changed("staging", database=REPLICAS))
    lag = alarms.metric["database-replica-2-replication"]
    (dimension,) = lag["Dimensions"]
    assert dimension["Value"] == "spywatcher-staging-replica-2"
    assert lag["TreatMissingData"] == "breaching"
    assert "database-replica-2-replication" in alarms.members("replication-broken")
    assert "database-replica-2-storage" in alarms.members("database-storage-warning")


def test_no_alarm_refers_to_the_data_stack(stage: SynthesizedStage) -> None:
    """A reference would be in the way of the next switch of generations."""
    for name, alarm in Alarms(stage).metric.items():
        assert (
            "ImportValue" not in str(alarm["Dimensions"])
            if name.startswith(("database", "cache"))
            else True
        )


def test_endpoints_of_the_settings_are_subscribed() -> None:
    stage = changed("staging", monitoring={"subscriptions": SUBSCRIPTIONS})
    found = {
        (each["Properties"]["Protocol"], each["Properties"]["Endpoint"])
        for each in stage.resources("monitoring", "AWS::SNS::Subscription").values()
    }
    assert found == {
        ("https", "https://events.pagerduty.com/integration/abc/enqueue"),
        ("email", "oncall@example.com"),
        ("email", "team@example.com"),
    }


def test_slack_may_look_at_metrics_and_at_nothing_else() -> None:
    stage = changed("staging", monitoring={"subscriptions": SUBSCRIPTIONS})
    channels = stage.resources("monitoring", "AWS::Chatbot::SlackChannelConfiguration").values()
    assert len(channels) == 2
    policies = stage.resources("monitoring", "AWS::IAM::ManagedPolicy")
    (policy,) = {joined(each["Properties"]["GuardrailPolicies"][0]) for each in channels}
    document = policies[policy[2:-1]]["Properties"]["PolicyDocument"]
    (statement,) = document["Statement"]
    assert all(re.match(r"cloudwatch:(Describe|Get|List)", each) for each in statement["Action"])


def test_topics_are_encrypted(stage: SynthesizedStage) -> None:
    for topic in stage.resources("monitoring", "AWS::SNS::Topic").values():
        assert topic["Properties"]["KmsMasterKeyId"]


def test_only_alarms_rules_and_costs_publish(stage: SynthesizedStage) -> None:
    """EventBridge takes no condition in the policy of a topic; the others act for this account."""
    policies = stage.resources("monitoring", "AWS::SNS::TopicPolicy").values()
    allowed = [
        (
            joined(policy["Properties"]["Topics"][0]),
            statement["Principal"]["Service"],
            statement.get("Condition"),
        )
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    of_account = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    expected = {
        "Critical": {"cloudwatch": of_account, "events": None},
        "Warning": dict.fromkeys(("budgets", "cloudwatch", "costalerts"), of_account),
    }
    for kind, services in expected.items():
        found = {
            service.partition(".")[0]: condition
            for topic, service, condition in allowed
            if kind in topic
        }
        assert found == services
    assert len(allowed) == 5


def test_the_rules_page_for_a_failed_rotation_and_a_stopped_trail(
    stage: SynthesizedStage,
) -> None:
    rules = stage.resources("monitoring", "AWS::Events::Rule").values()
    patterns = [rule["Properties"]["EventPattern"]["detail"] for rule in rules]
    names = [pattern["eventName"] for pattern in patterns if "eventName" in pattern]
    assert sorted(names) == [["RotationFailed"], ["StopLogging", "DeleteTrail"]]
    assert len(events(stage)) == 2


def test_a_backup_is_missed_after_a_day_and_two_hours(stage: SynthesizedStage) -> None:
    alarm = Alarms(stage).metric["backup-missing"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 26 * 3600
    assert Alarms(stage).topics("backup-missing") == ["critical"]


def test_what_needs_container_insights_is_left_out_without_it(staging: SynthesizedStage) -> None:
    metrics = [each.get("Namespace") for each in Alarms(staging).metric.values()]
    assert "ContainerInsights" not in metrics
    assert "AWS/EKS" in metrics
