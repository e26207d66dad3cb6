"""The announcement of maintenance by AWS, with simulated responses of RDS and ElastiCache."""

import datetime as dt
from typing import Any

from tests.simulators.cron_simulator import firing_times
from tests.simulators.state_machine_simulator import (
    Execution,
    all_states,
    allowed_actions,
    called_actions,
    definition,
    reachable_states,
)
from tests.stacks.deployed_schedules import start_expression
from tests.synthesis import SynthesizedStage

STATE_MACHINE = "patches-by-aws"
SUNDAY = "2027-03-07T02:00:00.000Z"


class AwsSimulator:
    """RDS with its pending maintenance, ElastiCache with its updates, and SNS."""

    def __init__(
        self,
        pending_actions: list[dict[str, str]] | None = None,
        cache_updates: list[dict[str, str]] | None = None,
    ) -> None:
        self._pending_actions = pending_actions or []
        self._cache_updates = cache_updates or []
        self.published: list[dict[str, str]] = []

    def run(self, stage: SynthesizedStage) -> Execution:
        execution = Execution(
            {
                "rds:describePendingMaintenanceActions": lambda _: self._database_maintenance(),
                "elasticache:describeUpdateActions": lambda _: {
                    "UpdateActions": self._cache_updates
                },
                "sns:publish": self._publish,
            },
            started=SUNDAY,
        )
        execution.run(definition(stage, "monitoring", STATE_MACHINE), state_input={})
        return execution

    def _database_maintenance(self) -> dict[str, Any]:
        resource = {
            "ResourceIdentifier": "arn:aws:rds:us-east-1:111111111111:db:spywatcher-staging",
            "PendingMaintenanceActionDetails": self._pending_actions,
        }
        return {"PendingMaintenanceActions": [resource] if self._pending_actions else []}

    def _publish(self, arguments: dict[str, str]) -> dict[str, str]:
        self.published.append(arguments)
        return {"MessageId": "1"}


def test_aws_is_asked_seven_days_ahead_of_every_window(stage: SynthesizedStage) -> None:
    expression = start_expression(stage, "monitoring", STATE_MACHINE)
    starts = {time for year in (2026, 2027) for time in firing_times(expression, year)}
    windows = firing_times("cron(0 2 ? * SUN *)", 2027)
    assert len(windows) == 52
    assert {window - dt.timedelta(days=7) for window in windows} <= starts


def test_nothing_is_announced_if_aws_plans_nothing(staging: SynthesizedStage) -> None:
    aws = AwsSimulator()
    calls = dict(aws.run(staging).calls)
    assert not aws.published
    (database_filter,) = calls["rds:describePendingMaintenanceActions"]["Filters"]
    assert database_filter == {"Name": "db-instance-id", "Values": ["spywatcher-staging"]}
    assert calls["elasticache:describeUpdateActions"]["ReplicationGroupIds"] == [
        "spywatcher-staging"
    ]


def test_maintenance_in_the_next_window_is_announced(staging: SynthesizedStage) -> None:
    aws = AwsSimulator(
        [
            {"Action": "system-update", "CurrentApplyDate": "2027-03-14T02:10:00Z"},
            {"Action": "db-upgrade", "CurrentApplyDate": "2027-04-11T02:10:00Z"},
            {"Action": "hardware-maintenance"},
        ],
        [{"ReplicationGroupId": "spywatcher-staging", "ServiceUpdateName": "redis-2027-1"}],
    )
    aws.run(staging)
    (message,) = aws.published
    first_line, *planned = message["Message"].splitlines()
    assert first_line.startswith("In 7 days, Sunday 02:00 to Sunday 04:00 UTC: AWS patches")
    assert planned == [
        "PostgreSQL spywatcher-staging: system-update, 2027-03-14T02:10:00Z",
        "Redis spywatcher-staging: redis-2027-1",
    ]
    assert "Announcements" in message["TopicArn"]


def test_maintenance_that_is_later_or_not_scheduled_is_not_announced(
    staging: SynthesizedStage,
) -> None:
    aws = AwsSimulator(
        [
            {"Action": "db-upgrade", "CurrentApplyDate": "2027-04-11T02:10:00Z"},
            {"Action": "hardware-maintenance"},
        ]
    )
    aws.run(staging)
    assert not aws.published


def test_every_state_is_reachable(stage: SynthesizedStage) -> None:
    machine = definition(stage, "monitoring", STATE_MACHINE)
    assert reachable_states(machine) == set(all_states(machine))


def test_the_role_allows_every_call(stage: SynthesizedStage) -> None:
    machine = definition(stage, "monitoring", STATE_MACHINE)
    called = {action.lower() for action in called_actions(machine)}
    assert called <= allowed_actions(stage, "monitoring", STATE_MACHINE)
