"""INFRASTRUCTURE.md, Access Audit: "Quarterly access review", with simulated AWS responses."""

import base64
import calendar
import re
from typing import Any

import pytest

from settings import StageSettings
from tests.simulators.alarm_simulator import StageAlarms
from tests.simulators.cron_simulator import firing_times
from tests.simulators.state_machine_simulator import (
    Execution,
    State,
    all_states,
    allowed_actions,
    called_actions,
    definition,
    policy_statements,
    reachable_states,
)
from tests.stacks.deployed_schedules import start_expression
from tests.synthesis import ROOT, SynthesizedAccount, SynthesizedStage, synthesize
from tools.templates.text import as_text

STATE_MACHINE = "access-review"
CSV = "user,arn,mfa_active\n<root_account>,arn:aws:iam::111111111111:root,true\n"
IAM_ACTIONS = {"accessanalyzer:listfindingsv2": "access-analyzer:listfindings"}
"""The IAM actions whose names differ from those of the SDK."""


class AwsSimulator:
    """The services that the review calls. Each list has two pages.

    The credential report is complete at the third request.
    """

    def __init__(self, report_content: str = CSV) -> None:
        self.objects: dict[str, Any] = {}
        self.published: list[dict[str, str]] = []
        self._report_content = report_content
        self._report_states = iter(["STARTED", "INPROGRESS", "COMPLETE"])

    def run(self, stage: SynthesizedStage) -> Execution:
        execution = Execution(
            {
                "iam:generateCredentialReport": lambda _: {"State": next(self._report_states)},
                "iam:getCredentialReport": lambda _: {"Content": self._report_content},
                "accessanalyzer:listFindingsV2": lambda arguments: self._page(
                    "Findings", arguments, [{"Id": "f1"}, {"Id": "f2"}], [{"Id": "f3"}]
                ),
                "eks:listAccessEntries": lambda arguments: self._page(
                    "AccessEntries", arguments, ["arn:admin"], ["arn:reader"]
                ),
                "eks:describeAccessEntry": lambda arguments: {
                    "AccessEntry": {"PrincipalArn": arguments["PrincipalArn"]}
                },
                "eks:listAssociatedAccessPolicies": lambda arguments: {
                    "AssociatedAccessPolicies": [
                        {"PolicyArn": f"{arguments['PrincipalArn']}-policy"}
                    ]
                },
                "s3:putObject": self._put_object,
                "sns:publish": self._publish,
            },
            started="2027-01-04T09:00:00.123Z",
        )
        execution.run(review_definition(stage), state_input={})
        return execution

    @staticmethod
    def _page(field: str, arguments: dict[str, Any], first: list[Any], second: list[Any]) -> Any:
        if "NextToken" in arguments:
            assert arguments["NextToken"] == "second-page"
            return {field: second}
        return {field: first, "NextToken": "second-page"}

    def _put_object(self, arguments: dict[str, Any]) -> dict[str, str]:
        assert "AuditBucket" in arguments["Bucket"]
        self.objects[arguments["Key"]] = arguments["Body"]
        return {"ETag": "1"}

    def _publish(self, arguments: dict[str, str]) -> dict[str, str]:
        self.published.append(arguments)
        return {"MessageId": "1"}


def review_definition(stage: SynthesizedStage) -> State:
    return definition(stage, "monitoring", STATE_MACHINE)


def test_the_review_starts_on_the_first_monday_of_a_quarter(stage: SynthesizedStage) -> None:
    times = firing_times(start_expression(stage, "monitoring", STATE_MACHINE), 2027)
    assert [time.month for time in times] == [1, 4, 7, 10]
    assert {(time.weekday(), time.hour) for time in times} == {(calendar.MONDAY, 9)}
    assert all(time.day <= 7 for time in times)


def test_the_stage_that_monitors_the_account_stores_report_findings_and_entries(
    production: SynthesizedStage,
) -> None:
    aws = AwsSimulator()
    aws.run(production)
    assert aws.objects == {
        "access-review/2027-01-04/credential-report.csv": CSV,
        "access-review/2027-01-04/access-analyzer-findings.json": {
            "Findings": [{"Id": "f1"}, {"Id": "f2"}, {"Id": "f3"}]
        },
        "access-review/2027-01-04/access-entries.json": [
            {"Entry": {"PrincipalArn": arn}, "Policies": [{"PolicyArn": f"{arn}-policy"}]}
            for arn in ("arn:admin", "arn:reader")
        ],
    }


def test_another_stage_of_the_account_stores_its_entries_alone(staging: SynthesizedStage) -> None:
    aws = AwsSimulator()
    aws.run(staging)
    assert list(aws.objects) == ["access-review/2027-01-04/access-entries.json"]
    services = {action.partition(":")[0] for action in called_actions(review_definition(staging))}
    assert services == {"eks", "s3", "sns"}


def test_a_report_in_base64_is_decoded(production: SynthesizedStage) -> None:
    aws = AwsSimulator(report_content=base64.b64encode(CSV.encode()).decode())
    aws.run(production)
    assert aws.objects["access-review/2027-01-04/credential-report.csv"] == CSV


def test_an_account_without_an_analyzer_has_no_findings_to_store(
    production: SynthesizedStage,
) -> None:
    values = production.settings.model_dump()
    values["account_wide"]["access_analyzer"] = "none"
    stage = synthesize(StageSettings.model_validate(values))
    aws = AwsSimulator()
    aws.run(stage)
    assert [name.rpartition("/")[2] for name in aws.objects] == [
        "credential-report.csv",
        "access-entries.json",
    ]
    services = {action.partition(":")[0] for action in called_actions(review_definition(stage))}
    assert "accessanalyzer" not in services


def test_the_findings_are_those_of_the_accounts_analyzer(
    production: SynthesizedStage, account: SynthesizedAccount
) -> None:
    region = production.settings.region
    analyzer = account.only(region, "AWS::AccessAnalyzer::Analyzer")["AnalyzerName"]
    requests = [
        arguments
        for action, arguments in AwsSimulator().run(production).calls
        if action == "accessanalyzer:listFindingsV2"
    ]
    assert len(requests) == 2
    for arguments in requests:
        assert arguments["AnalyzerArn"].endswith(f":analyzer/{analyzer}")
        assert arguments["Filter"] == {"status": {"Eq": ["ACTIVE"]}}


def test_the_message_names_the_folder_and_the_runbook(stage: SynthesizedStage) -> None:
    aws = AwsSimulator()
    aws.run(stage)
    (message,) = aws.published
    assert "Warning" in message["TopicArn"]
    assert "/access-review/2027-01-04/" in message["Message"]
    link = message["Message"].rpartition("/blob/main/")[2]
    assert (ROOT / link).is_file()


def test_every_state_is_reachable(stage: SynthesizedStage) -> None:
    machine = review_definition(stage)
    assert reachable_states(machine) == set(all_states(machine))


def test_the_role_allows_every_call(stage: SynthesizedStage) -> None:
    called = {action.lower() for action in called_actions(review_definition(stage))}
    assert {IAM_ACTIONS.get(action, action) for action in called} <= allowed_actions(
        stage, "monitoring", STATE_MACHINE
    )


def test_the_role_may_only_write_the_files_of_a_review(production: SynthesizedStage) -> None:
    """The question marks of the permission match a date."""
    resources: list[Any] = []
    for statement in policy_statements(production, "monitoring", STATE_MACHINE):
        if "s3:PutObject" in statement["Action"]:
            resource = statement["Resource"]
            resources += resource if isinstance(resource, list) else [resource]
    keys = [as_text(resource).partition("/")[2] for resource in resources]
    assert not [key for key in keys if "*" in key]
    patterns = [re.escape(key).replace(r"\?", ".") for key in keys]
    aws = AwsSimulator()
    aws.run(production)
    for key in aws.objects:
        assert any(re.fullmatch(pattern, key) for pattern in patterns)


def test_the_review_changes_nothing_but_its_files(stage: SynthesizedStage) -> None:
    read_only = ("describe", "generatecredentialreport", "get", "list")
    for action in called_actions(review_definition(stage)) - {"s3:putObject", "sns:publish"}:
        assert action.partition(":")[2].lower().startswith(read_only), action


def test_a_failed_review_notifies(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage)
    full_name = stage.settings.resource_name(STATE_MACHINE)
    machines = {
        as_text(query["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for query in alarms.metric_alarms["access-review-failed"]["Metrics"]
        if "MetricStat" in query
    }
    (machine,) = machines
    assert machine.endswith(f":stateMachine:{full_name}")
    assert alarms.topics("access-review-failed-warning") == ["warning"]


@pytest.mark.parametrize("file", ["credential-report.csv", "access-entries.json"])
def test_the_runbook_names_the_file(file: str) -> None:
    assert file in (ROOT / "docs/runbooks/access-review.md").read_text()
