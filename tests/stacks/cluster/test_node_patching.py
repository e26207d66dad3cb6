"""INFRASTRUCTURE.md, Planned Maintenance: "OS patches" of the nodes."""

import calendar

import pytest

from settings import StageSettings
from tests.simulators.cron_simulator import firing_times
from tests.simulators.state_machine_simulator import (
    Execution,
    FailedError,
    all_states,
    allowed_actions,
    called_actions,
    definition,
    policy_statements,
    reachable_states,
)
from tests.stacks.deployed_schedules import SCHEDULE, start_expression
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text

STATE_MACHINE = "node-patches"
SUNDAY = "2027-03-07T02:00:00.000Z"


def run_updates(stage: SynthesizedStage, *statuses: str) -> Execution:
    """Run the state machine while EKS reports these statuses of an update, one at a time."""
    remaining = iter(statuses)
    execution = Execution(
        {
            "eks:updateNodegroupVersion": lambda _: {"Update": {"Id": "u-1"}},
            "eks:describeUpdate": lambda _: {"Update": {"Status": next(remaining)}},
        },
        started=SUNDAY,
    )
    execution.run(definition(stage, "cluster", STATE_MACHINE), state_input={})
    return execution


def test_the_nodes_are_patched_once_a_month_when_a_window_opens(stage: SynthesizedStage) -> None:
    times = firing_times(start_expression(stage, "cluster", STATE_MACHINE), 2027)
    assert [time.month for time in times] == list(range(1, 13))
    assert {(time.weekday(), time.hour, time.minute) for time in times} == {(calendar.SUNDAY, 2, 0)}


def test_the_execution_ends_with_the_window(stage: SynthesizedStage) -> None:
    machine = definition(stage, "cluster", STATE_MACHINE)
    assert machine["TimeoutSeconds"] == 2 * 60 * 60
    (schedule,) = (
        resource["Properties"] for resource in stage.resources("cluster", SCHEDULE).values()
    )
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 15 * 60


def test_each_node_group_is_updated_to_the_newest_ami_of_its_version(
    stage: SynthesizedStage,
) -> None:
    groups = stage.resources("cluster", "AWS::EKS::Nodegroup")
    statuses = ["InProgress", "InProgress", "Successful"] * len(groups)
    calls = run_updates(stage, *statuses).calls
    updates = [arguments for action, arguments in calls if action == "eks:updateNodegroupVersion"]
    assert updates == [
        # Without a version and a release version, EKS chooses the newest AMI.
        {
            "ClusterName": stage.settings.resource_name(),
            "NodegroupName": f"${{{group}.NodegroupName}}",
        }
        for group in groups
    ]


def test_no_deployment_reverts_the_ami(stage: SynthesizedStage) -> None:
    for group in stage.resources("cluster", "AWS::EKS::Nodegroup").values():
        assert "ReleaseVersion" not in group["Properties"]


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
def test_a_failed_update_fails_the_execution(staging: SynthesizedStage, status: str) -> None:
    with pytest.raises(FailedError, match=f"ended with the status {status}"):
        run_updates(staging, "InProgress", status)


def test_the_role_launches_instances_from_the_launch_template_alone(
    stage: SynthesizedStage,
) -> None:
    statements = {
        statement["Sid"]: statement
        for statement in policy_statements(stage, "cluster", STATE_MACHINE)
        if "Sid" in statement
    }
    (template,) = stage.resources("cluster", "AWS::EC2::LaunchTemplate")
    launch = statements["LaunchFromTemplate"]
    assert as_text(launch["Condition"]["ArnEquals"]["ec2:LaunchTemplate"]).endswith(
        f":launch-template/${{{template}}}"
    )
    assert statements["TagLaunchedInstances"]["Condition"] == {
        "StringEquals": {"ec2:CreateAction": "RunInstances"}
    }


def test_the_timeout_follows_a_changed_window(staging: SynthesizedStage) -> None:
    values = staging.settings.model_dump()
    window = {"weekly_window": "sat:22:30-sun:00:00"}
    changed = synthesize(
        StageSettings.model_validate({**values, "maintenance": {**values["maintenance"], **window}})
    )
    assert definition(changed, "cluster", STATE_MACHINE)["TimeoutSeconds"] == 90 * 60


def test_every_state_is_reachable(stage: SynthesizedStage) -> None:
    machine = definition(stage, "cluster", STATE_MACHINE)
    assert reachable_states(machine) == set(all_states(machine))


def test_the_role_allows_every_call(stage: SynthesizedStage) -> None:
    machine = definition(stage, "cluster", STATE_MACHINE)
    called = {action.lower() for action in called_actions(machine)}
    assert called <= allowed_actions(stage, "cluster", STATE_MACHINE)
