"""INFRASTRUCTURE.md: Maintenance Windows: what is planned is announced, what is due asked for."""

import calendar
import datetime as dt
import json
from typing import Any

import pytest

from settings import StageSettings, support
from tests.simulators.alarm_simulator import Alarms
from tests.simulators.schedule_simulator import times
from tests.simulators.state_machine_simulator import (
    Execution,
    FailedError,
    actions,
    definition,
    policy,
    reachable,
    states,
)
from tests.synthesis import ROOT, SynthesizedStage, joined, synthesize

SCHEDULE = "AWS::Scheduler::Schedule"
WEEK = dt.timedelta(days=7)
YEARS = (2027, 2028)
SUNDAY = "2027-03-07T02:00:00.000Z"


def schedule(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    found = stage.resources("monitoring", SCHEDULE).values()
    (properties,) = (
        each["Properties"]
        for each in found
        if each["Properties"].get("Name") == stage.settings.resource_name(name)
    )
    result: dict[str, Any] = properties
    return result


def message(stage: SynthesizedStage, name: str) -> dict[str, str]:
    """Return what the schedule publishes."""
    target = schedule(stage, name)["Target"]
    assert joined(target["Arn"]).endswith(":scheduler:::aws-sdk:sns:publish")
    published: dict[str, str] = json.loads(joined(target["Input"]))
    return published


def starts(stage: SynthesizedStage, stack: str, machine: str) -> str:
    """Return the schedule that starts a state machine."""
    machines = stage.resources(stack, "AWS::StepFunctions::StateMachine")
    (logical_id,) = (
        key
        for key, each in machines.items()
        if each["Properties"]["StateMachineName"] == stage.settings.resource_name(machine)
    )
    (found,) = (
        each["Properties"]
        for each in stage.resources(stack, SCHEDULE).values()
        if each["Properties"]["Target"]["Arn"] == {"Ref": logical_id}
    )
    assert found["ScheduleExpressionTimezone"] == "Etc/UTC"
    return str(found["ScheduleExpression"])


def announcements(stage: SynthesizedStage, name: str) -> list[dt.datetime]:
    """Return when an announcement goes out, over some years."""
    properties = schedule(stage, name)
    assert properties["ScheduleExpressionTimezone"] == "Etc/UTC"
    assert properties["FlexibleTimeWindow"] == {"Mode": "OFF"}
    return [time for year in YEARS for time in times(properties["ScheduleExpression"], year)]


# Schedule: Sundays 02:00-04:00 UTC


def test_the_data_stores_are_patched_in_the_window(stage: SynthesizedStage) -> None:
    instance = stage.only("data", "AWS::RDS::DBInstance")
    group = stage.only("data", "AWS::ElastiCache::ReplicationGroup")
    assert instance["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"
    assert group["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"


def test_the_nodes_are_patched_when_a_window_opens_once_a_month(stage: SynthesizedStage) -> None:
    patched = times(starts(stage, "cluster", "node-patches"), 2027)
    assert [time.month for time in patched] == list(range(1, 13))
    assert {(time.weekday(), time.hour, time.minute) for time in patched} == {
        (calendar.SUNDAY, 2, 0)
    }


def test_the_patching_ends_with_the_window(stage: SynthesizedStage) -> None:
    machine = definition(stage, "cluster", "node-patches")
    assert machine["TimeoutSeconds"] == 2 * 60 * 60
    (rule,) = (each["Properties"] for each in stage.resources("cluster", SCHEDULE).values())
    assert rule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 15 * 60


def test_what_is_patched_follows_a_moved_window(staging: SynthesizedStage) -> None:
    given = staging.settings.model_dump()
    window = {
        "weekly_window": "sat:22:30-sun:00:00",
        "node_patch_week": 3,
        "kubernetes_upgrade_week": 2,
    }
    moved = synthesize(
        StageSettings.model_validate({**given, "maintenance": {**given["maintenance"], **window}})
    )
    assert starts(moved, "cluster", "node-patches") == "cron(30 22 ? * SAT#3 *)"
    assert schedule(moved, "announce-node-patches")["ScheduleExpression"] == (
        "cron(30 22 ? * SAT#2 *)"
    )
    assert starts(moved, "monitoring", "patches-by-aws") == "cron(30 22 ? * SAT *)"
    assert definition(moved, "cluster", "node-patches")["TimeoutSeconds"] == 90 * 60


# Notification: 7 days advance notice


def test_node_patches_are_announced_exactly_seven_days_before(stage: SynthesizedStage) -> None:
    expression = starts(stage, "cluster", "node-patches")
    patched = [time for year in YEARS for time in times(expression, year)]
    assert [time + WEEK for time in announcements(stage, "announce-node-patches")] == patched


def test_kubernetes_upgrades_are_announced_exactly_seven_days_before_their_window(
    stage: SynthesizedStage,
) -> None:
    windows = [time + WEEK for time in announcements(stage, "announce-kubernetes-upgrade")]
    assert {(time.weekday(), time.hour) for time in windows} == {(calendar.SUNDAY, 2)}
    assert [time.month for time in windows] == [1, 5, 9] * len(YEARS)
    patched = times(starts(stage, "cluster", "node-patches"), 2027)
    assert not set(windows) & set(patched), "two activities in one window"


def test_before_every_window_of_a_year_aws_is_asked_what_it_plans(stage: SynthesizedStage) -> None:
    expression = starts(stage, "monitoring", "patches-by-aws")
    asked = [time for year in (2026, 2027) for time in times(expression, year)]
    sundays = times("cron(0 2 ? * SUN *)", 2027)
    assert len(sundays) == 52
    assert {time - WEEK for time in sundays} <= set(asked)


@pytest.mark.parametrize("name", ["announce-node-patches", "announce-kubernetes-upgrade"])
def test_an_announcement_says_when_what_and_what_it_means(
    stage: SynthesizedStage, name: str
) -> None:
    published = message(stage, name)
    assert "Announcements" in published["TopicArn"]
    assert published["Subject"] == f"{stage.settings.resource_name()}: maintenance in 7 days"
    text = published["Message"]
    assert text.startswith("In 7 days, Sunday 02:00 to Sunday 04:00 UTC: ")
    assert "no interruption is expected" in text
    assert text.endswith("Sent <aws.scheduler.scheduled-time>.")


# What AWS plans for the data stores


class Aws:
    """RDS and ElastiCache with what they plan."""

    def __init__(self) -> None:
        self.database: list[dict[str, Any]] = []
        self.cache: list[dict[str, str]] = []
        self.published: list[dict[str, str]] = []

    def run(self, stage: SynthesizedStage) -> Execution:
        execution = Execution(
            {
                "rds:describePendingMaintenanceActions": lambda _: {
                    "PendingMaintenanceActions": self.database
                },
                "elasticache:describeUpdateActions": lambda _: {"UpdateActions": self.cache},
                "sns:publish": self._publish,
            },
            started=SUNDAY,
        )
        execution.run(definition(stage, "monitoring", "patches-by-aws"), given={})
        return execution

    def _publish(self, arguments: dict[str, str]) -> dict[str, str]:
        self.published.append(arguments)
        return {"MessageId": "1"}


def pending(*details: dict[str, str]) -> dict[str, Any]:
    return {
        "ResourceIdentifier": "arn:aws:rds:us-east-1:111111111111:db:spywatcher-staging",
        "PendingMaintenanceActionDetails": list(details),
    }


def test_nothing_is_announced_where_aws_plans_nothing(staging: SynthesizedStage) -> None:
    aws = Aws()
    asked = dict(aws.run(staging).calls)
    assert not aws.published
    (names,) = asked["rds:describePendingMaintenanceActions"]["Filters"]
    assert names == {"Name": "db-instance-id", "Values": ["spywatcher-staging"]}
    assert asked["elasticache:describeUpdateActions"]["ReplicationGroupIds"] == [
        "spywatcher-staging"
    ]


def test_what_aws_applies_in_the_next_window_is_announced(staging: SynthesizedStage) -> None:
    aws = Aws()
    aws.database = [
        pending(
            {"Action": "system-update", "CurrentApplyDate": "2027-03-14T02:10:00Z"},
            {"Action": "db-upgrade", "CurrentApplyDate": "2027-04-11T02:10:00Z"},
            {"Action": "hardware-maintenance"},
        )
    ]
    aws.cache = [{"ReplicationGroupId": "spywatcher-staging", "ServiceUpdateName": "redis-2027-1"}]
    aws.run(staging)
    (published,) = aws.published
    first, *planned = published["Message"].splitlines()
    assert first.startswith("In 7 days, Sunday 02:00 to Sunday 04:00 UTC: AWS patches")
    assert planned == [
        "PostgreSQL spywatcher-staging: system-update, 2027-03-14T02:10:00Z",
        "Redis spywatcher-staging: redis-2027-1",
    ]
    assert "Announcements" in published["TopicArn"]


def test_what_aws_only_offers_or_plans_for_later_is_not_announced(
    staging: SynthesizedStage,
) -> None:
    aws = Aws()
    aws.database = [
        pending(
            {"Action": "db-upgrade", "CurrentApplyDate": "2027-04-11T02:10:00Z"},
            {"Action": "hardware-maintenance"},
        )
    ]
    aws.run(staging)
    assert not aws.published


# OS patches


class Eks:
    """EKS, whose update ends as it is told, after it was looked at a few times."""

    def __init__(self, *statuses: str) -> None:
        self._statuses = iter(statuses)

    def run(self, stage: SynthesizedStage) -> Execution:
        execution = Execution(
            {
                "eks:updateNodegroupVersion": lambda _: {"Update": {"Id": "u-1"}},
                "eks:describeUpdate": lambda _: {"Update": {"Status": next(self._statuses)}},
            },
            started=SUNDAY,
        )
        self.execution = execution
        execution.run(definition(stage, "cluster", "node-patches"), given={})
        return execution


def test_each_node_group_takes_the_newest_ami_of_its_version(stage: SynthesizedStage) -> None:
    groups = stage.resources("cluster", "AWS::EKS::Nodegroup")
    calls = Eks(*["InProgress", "InProgress", "Successful"] * len(groups)).run(stage).calls
    updates = [arguments for action, arguments in calls if action == "eks:updateNodegroupVersion"]
    assert updates == [
        # Neither a version nor a release: the newest AMI of the version that the group has.
        {
            "ClusterName": stage.settings.resource_name(),
            "NodegroupName": f"${{{group}.NodegroupName}}",
        }
        for group in groups
    ]


def test_the_template_pins_no_ami_that_a_deployment_would_bring_back(
    stage: SynthesizedStage,
) -> None:
    for group in stage.resources("cluster", "AWS::EKS::Nodegroup").values():
        assert "ReleaseVersion" not in group["Properties"]


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
def test_an_update_that_eks_gives_up_fails_the_execution(
    staging: SynthesizedStage, status: str
) -> None:
    with pytest.raises(FailedError, match=f"ended with the status {status}"):
        Eks("InProgress", status).run(staging)


def test_the_patching_launches_from_the_nodes_template_alone(stage: SynthesizedStage) -> None:
    found = {
        each["Sid"]: each for each in policy(stage, "cluster", "node-patches") if "Sid" in each
    }
    (template,) = stage.resources("cluster", "AWS::EC2::LaunchTemplate")
    launch = found["LaunchFromTemplate"]
    assert joined(launch["Condition"]["ArnEquals"]["ec2:LaunchTemplate"]).endswith(
        f":launch-template/${{{template}}}"
    )
    assert found["TagLaunchedInstances"]["Condition"] == {
        "StringEquals": {"ec2:CreateAction": "RunInstances"}
    }


# Failures, permissions

MACHINES = [("cluster", "node-patches"), ("monitoring", "patches-by-aws")]
FAILURES = {"node-patches": "node-patches-failed", "patches-by-aws": "plans-not-read"}


@pytest.mark.parametrize(("stack", "name"), MACHINES)
def test_each_call_is_allowed_and_each_state_is_reached(
    stage: SynthesizedStage, stack: str, name: str
) -> None:
    machine = definition(stage, stack, name)
    assert reachable(machine) == set(states(machine))
    allowed = {
        action.lower()
        for statement in policy(stage, stack, name)
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert {action.lower() for action in actions(machine)} <= allowed


@pytest.mark.parametrize(("stack", "name"), MACHINES)
def test_an_execution_without_success_is_told(
    stage: SynthesizedStage, stack: str, name: str
) -> None:
    """In business hours: what failed in a night is remembered over a weekend."""
    full = stage.settings.resource_name(name)
    alarms = Alarms(stage)
    alarm = alarms.metric[FAILURES[name]]
    assert alarm["EvaluationPeriods"] == 72 and alarm["DatapointsToAlarm"] == 1
    assert {
        metric["MetricStat"]["Period"] for metric in alarm["Metrics"] if "MetricStat" in metric
    } == {3600}
    metrics = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert {metric["MetricName"] for metric in metrics} == {
        *("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
    }
    for metric in metrics:
        ((dimension),) = metric["Dimensions"]
        assert dimension["Name"] == "StateMachineArn"
        assert joined(dimension["Value"]).endswith(f":stateMachine:{full}")
    assert alarms.topics(f"{FAILURES[name]}-warning") == ["warning"]


def test_a_message_that_was_not_sent_is_told(stage: SynthesizedStage) -> None:
    alarms = Alarms(stage)
    alarm = alarms.metric["message-lost"]
    assert alarm["MetricName"] == "InvocationDroppedCount"
    (group,) = stage.resources("monitoring", "AWS::Scheduler::ScheduleGroup")
    assert alarm["Dimensions"] in (
        [{"Name": "ScheduleGroup", "Value": {"Ref": group}}],
        [{"Name": "ScheduleGroup", "Value": stage.settings.resource_name("maintenance")}],
    )
    assert alarms.topics("message-lost-warning") == ["warning"]


def test_the_schedules_may_publish_to_their_topics_and_do_no_more(stage: SynthesizedStage) -> None:
    policies = stage.resources("monitoring", "AWS::IAM::ManagedPolicy")
    (found,) = (
        each["Properties"]
        for name, each in policies.items()
        if name.startswith("MaintenancePublisher")
    )
    publish, encrypt = found["PolicyDocument"]["Statement"]
    assert publish["Action"] == "sns:Publish"
    assert all("Ref" in resource for resource in publish["Resource"])
    assert encrypt["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "KeysTopics" in joined(encrypt["Resource"])
    role = found["Roles"][0]["Ref"]
    for each in stage.resources("monitoring", "AWS::IAM::Policy").values():
        assert {"Ref": role} not in each["Properties"]["Roles"]


# Reminders


def test_ninety_days_before_support_ends_the_upgrade_is_asked_for(stage: SynthesizedStage) -> None:
    cluster, database = stage.settings.cluster, stage.settings.database
    for name, dates, runbook in (
        (
            "support-of-kubernetes",
            support.KUBERNETES[cluster.kubernetes_version],
            "kubernetes-upgrade",
        ),
        (
            "support-of-postgresql",
            support.POSTGRESQL[database.engine_version.partition(".")[0]],
            "postgresql-upgrade",
        ),
    ):
        day = dates.standard_until - dt.timedelta(days=90)
        expression = schedule(stage, name)["ScheduleExpression"]
        assert [time.date() for time in times(expression, day.year)] == [day]
        published = message(stage, name)
        assert "Warning" in published["TopicArn"]
        assert str(dates.standard_until) in published["Message"]
        assert f"/docs/runbooks/{runbook}.md" in published["Message"]


def test_no_schedule_is_for_one_moment_that_may_be_past(stage: SynthesizedStage) -> None:
    for stack in stage.templates:
        for each in stage.resources(stack, SCHEDULE).values():
            assert each["Properties"]["ScheduleExpression"].startswith("cron(")
            assert "StartDate" not in each["Properties"]


@pytest.mark.parametrize("name", ["security-audit", "vertical-scaling"])
def test_audit_and_sizes_are_asked_for_each_quarter(stage: SynthesizedStage, name: str) -> None:
    due = times(schedule(stage, name)["ScheduleExpression"], 2027)
    assert len(due) == 4
    assert {time.weekday() for time in due} == {calendar.MONDAY}
    assert "Warning" in message(stage, name)["TopicArn"]


def test_no_month_asks_for_two_reviews(stage: SynthesizedStage) -> None:
    months = [
        time.month
        for expression in (
            schedule(stage, "security-audit")["ScheduleExpression"],
            schedule(stage, "vertical-scaling")["ScheduleExpression"],
            starts(stage, "monitoring", "access-review"),
        )
        for time in times(expression, 2027)
    ]
    assert sorted(months) == list(range(1, 13))


def test_each_runbook_that_a_message_names_exists(stage: SynthesizedStage) -> None:
    links = []
    for each in stage.resources("monitoring", SCHEDULE).values():
        if "Input" in each["Properties"]["Target"]:
            text = joined(each["Properties"]["Target"]["Input"])
            if "/blob/main/" in text:
                links.append(text.partition("/blob/main/")[2].partition("\\n")[0])
    assert len(links) >= 6
    assert not [link for link in links if not (ROOT / link).is_file()]


def test_the_upgrade_runbooks_have_the_dates_of_the_calendar() -> None:
    text = (ROOT / "docs/runbooks/kubernetes-upgrade.md").read_text()
    for version, dates in support.KUBERNETES.items():
        if dates.extended_until >= dt.date(2026, 11, 23):  # the day of the last check
            row = f"| {version} | {dates.standard_until} | {dates.extended_until} |"
            assert row in text
    text = (ROOT / "docs/runbooks/postgresql-upgrade.md").read_text()
    for version, dates in support.POSTGRESQL.items():
        assert f"| {version} | {dates.standard_until} | {dates.extended_until} |" in text


def test_retired_versions_still_synthesize(staging: SynthesizedStage) -> None:
    """The design's own versions: nothing reminds of what the calendar does not know."""
    given = staging.settings.model_dump()
    given["allow_retired_versions"] = True
    given["database"]["engine_version"] = "14"
    stage = synthesize(StageSettings.model_validate(given))
    names = [
        each["Properties"].get("Name", "")
        for each in stage.resources("monitoring", SCHEDULE).values()
    ]
    assert not [name for name in names if name.endswith("support-of-postgresql")]
