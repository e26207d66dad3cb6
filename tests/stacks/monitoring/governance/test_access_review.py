"""INFRASTRUCTURE.md: Access Audit, "Quarterly access review"."""

import base64
import calendar
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulators.alarm_simulator import Alarms
from tests.simulators.schedule_simulator import times
from tests.simulators.state_machine_simulator import (
    Execution,
    actions,
    definition,
    policy,
    reachable,
    states,
)
from tests.synthesis import ROOT, SynthesizedStage, joined

REVIEW = "access-review"
CSV = "user,arn,mfa_active\n<root_account>,arn:aws:iam::111111111111:root,true\n"
DECODED: Callable[[str], str] = str
ENCODED: Callable[[str], str] = lambda text: base64.b64encode(text.encode()).decode()  # noqa: E731


class Aws:
    """The services that the review asks: two pages of each list, a report after two requests."""

    def __init__(self, content: Callable[[str], str] = DECODED) -> None:
        self.kept: dict[str, Any] = {}
        self.published: list[dict[str, str]] = []
        self._content = content
        self._report_states = iter(["STARTED", "INPROGRESS", "COMPLETE"])

    def run(self, stage: SynthesizedStage) -> Execution:
        execution = Execution(
            {
                "iam:generateCredentialReport": lambda _: {"State": next(self._report_states)},
                "iam:getCredentialReport": lambda _: {"Content": self._content(CSV)},
                "accessanalyzer:listFindingsV2": lambda asked: self._page(
                    "Findings", asked, [{"Id": "f1"}, {"Id": "f2"}], [{"Id": "f3"}]
                ),
                "eks:listAccessEntries": lambda asked: self._page(
                    "AccessEntries", asked, ["arn:admin"], ["arn:reader"]
                ),
                "eks:describeAccessEntry": lambda asked: {
                    "AccessEntry": {"PrincipalArn": asked["PrincipalArn"]}
                },
                "eks:listAssociatedAccessPolicies": lambda asked: {
                    "AssociatedAccessPolicies": [{"PolicyArn": f"{asked['PrincipalArn']}-policy"}]
                },
                "s3:putObject": self._keep,
                "sns:publish": self._publish,
            },
            started="2027-01-04T09:00:00.123Z",
        )
        execution.run(definition(stage, "monitoring", REVIEW), given={})
        return execution

    @staticmethod
    def _page(field: str, asked: dict[str, Any], first: list[Any], second: list[Any]) -> Any:
        if "NextToken" in asked:
            assert asked["NextToken"] == "more"
            return {field: second}
        return {field: first, "NextToken": "more"}

    def _keep(self, asked: dict[str, Any]) -> dict[str, str]:
        assert "AuditBucket" in asked["Bucket"]
        self.kept[asked["Key"]] = asked["Body"]
        return {"ETag": "1"}

    def _publish(self, asked: dict[str, str]) -> dict[str, str]:
        self.published.append(asked)
        return {"MessageId": "1"}


def schedule(stage: SynthesizedStage) -> str:
    (found,) = (
        each["Properties"]
        for name, each in stage.resources("monitoring", "AWS::Scheduler::Schedule").items()
        if name.startswith("AccessReview")
    )
    return str(found["ScheduleExpression"])


def test_it_is_quarterly_on_a_monday(stage: SynthesizedStage) -> None:
    due = times(schedule(stage), 2027)
    assert [time.month for time in due] == [1, 4, 7, 10]
    assert {(time.weekday(), time.hour) for time in due} == {(calendar.MONDAY, 9)}


def test_the_owner_of_the_account_keeps_report_findings_and_entries(
    production: SynthesizedStage,
) -> None:
    aws = Aws()
    aws.run(production)
    assert aws.kept == {
        "access-review/2027-01-04/credential-report.csv": CSV,
        "access-review/2027-01-04/access-analyzer-findings.json": {
            "Findings": [{"Id": "f1"}, {"Id": "f2"}, {"Id": "f3"}]
        },
        "access-review/2027-01-04/access-entries.json": [
            {"Entry": {"PrincipalArn": arn}, "Policies": [{"PolicyArn": f"{arn}-policy"}]}
            for arn in ("arn:admin", "arn:reader")
        ],
    }


def test_another_stage_of_the_account_keeps_its_entries_alone(staging: SynthesizedStage) -> None:
    aws = Aws()
    aws.run(staging)
    assert list(aws.kept) == ["access-review/2027-01-04/access-entries.json"]
    services = {action.partition(":")[0] for action in actions(definition_of(staging))}
    assert services == {"eks", "s3", "sns"}


def definition_of(stage: SynthesizedStage) -> dict[str, Any]:
    return definition(stage, "monitoring", REVIEW)


def test_a_report_in_base64_is_kept_as_text_too(production: SynthesizedStage) -> None:
    aws = Aws(content=ENCODED)
    aws.run(production)
    assert aws.kept["access-review/2027-01-04/credential-report.csv"] == CSV


def test_findings_are_asked_of_the_accounts_analyzer(production: SynthesizedStage) -> None:
    analyzer = production.only("security", "AWS::AccessAnalyzer::Analyzer")["AnalyzerName"]
    asked = [
        arguments
        for action, arguments in Aws().run(production).calls
        if action == "accessanalyzer:listFindingsV2"
    ]
    assert len(asked) == 2
    for arguments in asked:
        assert arguments["AnalyzerArn"].endswith(f":analyzer/{analyzer}")
        assert arguments["Filter"] == {"status": {"Eq": ["ACTIVE"]}}


def test_it_says_where_it_keeps_what_and_names_the_runbook(stage: SynthesizedStage) -> None:
    aws = Aws()
    aws.run(stage)
    (published,) = aws.published
    assert "Warning" in published["TopicArn"]
    assert "/access-review/2027-01-04/" in published["Message"]
    link = published["Message"].rpartition("/blob/main/")[2]
    assert (ROOT / link).is_file()


def test_each_state_is_reached(stage: SynthesizedStage) -> None:
    machine = definition_of(stage)
    assert reachable(machine) == set(states(machine))


IAM_NAMES = {"accessanalyzer:listfindingsv2": "access-analyzer:listfindings"}
"""Where IAM calls an action otherwise than the SDK."""


def test_each_call_is_allowed(stage: SynthesizedStage) -> None:
    allowed = {
        action.lower()
        for statement in policy(stage, "monitoring", REVIEW)
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    called = {action.lower() for action in actions(definition_of(stage))}
    assert {IAM_NAMES.get(action, action) for action in called} <= allowed


def test_it_may_write_its_own_files_alone(production: SynthesizedStage) -> None:
    """The question marks of the permission fit a date, and what a run writes fits them."""
    patterns = []
    for statement in policy(production, "monitoring", REVIEW):
        if "s3:PutObject" in statement["Action"]:
            resources = statement["Resource"]
            patterns += resources if isinstance(resources, list) else [resources]
    keys = [joined(pattern).partition("/")[2] for pattern in patterns]
    assert not [key for key in keys if "*" in key]
    aws = Aws()
    aws.run(production)
    written = [re.escape(key).replace(r"\?", ".") for key in keys]
    for key in aws.kept:
        assert [pattern for pattern in written if re.fullmatch(pattern, key)]


def test_it_changes_nothing_but_its_files(stage: SynthesizedStage) -> None:
    harmless = ("describe", "generatecredentialreport", "get", "list")
    for action in actions(definition_of(stage)) - {"s3:putObject", "sns:publish"}:
        assert action.partition(":")[2].lower().startswith(harmless), action


def test_a_failed_review_is_told(stage: SynthesizedStage) -> None:
    alarms = Alarms(stage)
    full = stage.settings.resource_name(REVIEW)
    metrics = alarms.metric["access-review-failed"]["Metrics"]
    (machine, *_) = [
        joined(each["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for each in metrics
        if "MetricStat" in each
    ]
    assert machine.endswith(f":stateMachine:{full}")
    assert alarms.topics("access-review-failed-warning") == ["warning"]


@pytest.mark.parametrize("file", ["credential-report.csv", "access-entries.json"])
def test_the_runbook_names_the_file(file: str) -> None:
    assert file in (ROOT / "docs/runbooks/access-review.md").read_text()
