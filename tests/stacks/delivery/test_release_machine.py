"""What the release machine does in each case: the updates, the outcome and the messages."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.release_simulator import SimulatedStage
from tests.simulators.state_machine_simulator import (
    CallError,
    all_states,
    allowed_actions,
    called_actions,
    reachable_states,
)
from tests.stage_variants import with_strategy
from tests.synthesis import SynthesizedStage, synthesize

BUSY = "Stack [x] is in UPDATE_IN_PROGRESS state and can not be updated."
NEW = "ghcr.io/team/backend:2"


@pytest.fixture(scope="module")
def two_tracks() -> SynthesizedStage:
    return synthesize(with_strategy("canary", stage="production"))


@pytest.fixture
def canary(two_tracks: SynthesizedStage) -> SimulatedStage:
    return SimulatedStage(two_tracks)


@pytest.fixture
def rolling(production: SynthesizedStage) -> SimulatedStage:
    return SimulatedStage(production)


def phases(stage: SimulatedStage) -> list[str]:
    """Return the phases of the execution, each once in a row."""
    found: list[str] = []
    for name in stage.execution.entered:
        phase = name.partition(" ")[0]
        if found[-1:] != [phase]:
            found.append(phase)
    return found


def test_a_canary_walks_the_line_and_removes_the_old_track(canary: SimulatedStage) -> None:
    output = canary.release()
    assert output == {
        "outcome": "Released",
        "service": "backend",
        "image": NEW,
        "release": "2",
        "strategy": "canary",
        "from": "blue",
        "to": "green",
        "steps": [
            {"position": position, "share": share, "requests": 120}
            for position, share in (
                *(("95-5", 5), ("75-25", 25), ("50-50", 50), ("25-75", 75)),
                ("0-100", 100),
            )
        ],
    }
    line = ["100-0", "95-5", "75-25", "50-50", "25-75", "0-100", "green"]
    assert canary.positions == line
    assert canary.parameters["BackendGreenImage"] == NEW
    assert canary.parameters["MigrationsImage"] == NEW
    assert canary.parameters["Release"] == "2"
    assert canary.messages[0][0] == "warning"


def test_the_next_release_walks_back(canary: SimulatedStage) -> None:
    canary.parameters |= {"BackendTraffic": "green", "BackendGreenImage": NEW}
    output = canary.release(**{"from": "green", "image": "backend:3", "previous": NEW})
    assert output["outcome"] == "Released"
    assert canary.positions == ["0-100", "5-95", "25-75", "50-50", "75-25", "100-0", "blue"]
    assert canary.parameters["BackendImage"] == "backend:3"


def test_a_blue_green_release_moves_all_traffic_at_once(canary: SimulatedStage) -> None:
    assert canary.release(strategy="blue-green")["outcome"] == "Released"
    assert canary.positions == ["100-0", "0-100", "green"]


def test_the_new_track_starts_with_as_many_pods_as_the_old_one_has(canary: SimulatedStage) -> None:
    canary.healthy = {"blue": 7, "green": 7}
    canary.release()
    floors = [update["BackendFloor"] for update in canary.updates if "BackendFloor" in update]
    assert floors == ["7", "2"]


def test_the_new_track_starts_with_no_more_pods_than_fit(canary: SimulatedStage) -> None:
    canary.healthy = {"blue": 10, "green": 10}
    canary.release()
    assert canary.updates[0]["BackendFloor"] == "9"


def test_each_update_of_the_traffic_changes_nothing_else(canary: SimulatedStage) -> None:
    canary.release()
    assert all(set(update) == {"BackendTraffic"} for update in canary.updates[1:-1])


def test_a_release_of_the_frontend_runs_no_job(two_tracks: SynthesizedStage) -> None:
    stage = SimulatedStage(two_tracks)
    states = all_states(stage.machine)
    services = states["Start"]["Assign"]["services"]
    assert services["backend"]["runsJobs"] and not services["frontend"]["runsJobs"]


def alarm_at(stage: SimulatedStage, position: str) -> None:
    """Let an alarm of the green track go off when the traffic reaches a position."""

    def hook(_: dict[str, Any]) -> None:
        if stage.position == position:
            stage.alarming = {"spywatcher-production-backend-green-errors"}

    stage.hooks["cloudwatch:describeAlarms"] = hook


def check_returned(stage: SimulatedStage) -> None:
    assert stage.position == "blue"
    assert stage.parameters["BackendFloor"] == "2"
    assert [topic for topic, _ in stage.messages].count("critical") == 1


def test_an_alarm_at_25_percent_returns_all_traffic(canary: SimulatedStage) -> None:
    alarm_at(canary, "75-25")
    output = canary.release()
    assert output["error"] == "Returned"
    assert "spywatcher-production-backend-green-errors" in output["reason"]
    assert [step["share"] for step in output["steps"]] == [5, 25]
    assert canary.positions == ["100-0", "95-5", "75-25", "100-0", "blue"]
    assert canary.withdrawals == 1
    check_returned(canary)


def test_a_return_is_one_update_of_the_position_after_the_rule(canary: SimulatedStage) -> None:
    alarm_at(canary, "75-25")
    canary.release()
    actions = [action for action, _ in canary.execution.calls]
    withdrawn = actions.index("elasticloadbalancingv2:modifyRule")
    later = [a for a in actions[withdrawn:] if a.endswith(("modifyRule", "updateStack"))]
    assert later == [
        "elasticloadbalancingv2:modifyRule",
        "cloudformation:updateStack",
        "cloudformation:updateStack",
    ]
    assert canary.updates[-2] == {"BackendTraffic": "100-0"}


def test_an_alarm_during_the_hold_returns_all_traffic(canary: SimulatedStage) -> None:
    def hook(_: dict[str, Any]) -> None:
        if canary.execution.entered[-1].startswith("Hold"):
            canary.alarming = {"spywatcher-production-backend-green-slow"}

    canary.hooks["cloudwatch:describeAlarms"] = hook
    assert canary.release()["error"] == "Returned"
    check_returned(canary)


def test_a_failed_smoke_test_ends_the_release_before_any_traffic(canary: SimulatedStage) -> None:
    def refuse(_: dict[str, Any]) -> None:
        raise CallError("States.Http.StatusCode.503", "not ready")

    canary.hooks["http:invoke"] = refuse
    output = canary.release()
    assert output["error"] == "Returned"
    assert "/health/ready failed" in output["reason"] and "503" in output["reason"]
    assert canary.positions == ["100-0", "blue"]
    assert output["steps"] == []


def test_a_page_that_answers_with_another_status_than_200_fails_too(canary: SimulatedStage) -> None:
    canary.execution._responses["http:invoke"] = lambda _: {"StatusCode": 204}
    assert "204" in canary.release()["reason"]


def test_each_path_is_requested_five_times_with_the_header_of_the_connection(
    canary: SimulatedStage,
) -> None:
    canary.release()
    requests = [
        arguments for action, arguments in canary.execution.calls if action == "http:invoke"
    ]
    assert len(requests) == 5
    domain = "https://spywatcher.example.com/health/ready"
    assert {request["ApiEndpoint"] for request in requests} == {domain}
    assert all(request["Authentication"]["ConnectionArn"] for request in requests)


def test_a_track_that_never_becomes_healthy_ends_the_release(canary: SimulatedStage) -> None:
    canary.healthy["green"] = 2
    output = canary.release()
    assert output["error"] == "Returned"
    assert "2 healthy targets of 3" in output["reason"]
    assert canary.positions == ["100-0", "blue"]


def test_a_track_that_loses_its_pods_is_returned(canary: SimulatedStage) -> None:
    def hook(_: dict[str, Any]) -> None:
        if canary.position == "50-50":
            canary.healthy["green"] = 1

    canary.hooks["elasticloadbalancingv2:describeTargetHealth"] = hook
    assert "needs at least half of 3" in canary.release()["reason"]
    check_returned(canary)


def test_an_update_that_cloudformation_undid_changes_no_traffic(canary: SimulatedStage) -> None:
    def undo(_: dict[str, Any]) -> None:
        if canary.updates:
            canary.parameters["BackendTraffic"] = "blue"
            canary.status = "UPDATE_ROLLBACK_COMPLETE"

    canary.hooks["cloudformation:describeStacks"] = undo
    assert canary.release()["error"] == "NotPrepared"
    assert canary.withdrawals == 0 and canary.messages == []


def test_a_stack_that_is_stuck_pages(canary: SimulatedStage) -> None:
    def stick(_: dict[str, Any]) -> None:
        if canary.updates:
            canary.status = "UPDATE_ROLLBACK_FAILED"

    canary.hooks["cloudformation:describeStacks"] = stick
    assert canary.release()["error"] == "NotPrepared"
    assert [topic for topic, _ in canary.messages] == ["critical"]


def test_alarms_that_cannot_be_read_return_all_traffic(canary: SimulatedStage) -> None:
    def fail(_: dict[str, Any]) -> None:
        if canary.position == "95-5":
            raise CallError("CloudWatchException", "CloudWatch did not respond")

    canary.hooks["cloudwatch:describeAlarms"] = fail
    assert canary.release()["reason"].startswith("CloudWatch did not respond")
    check_returned(canary)


def test_unknown_request_counts_do_not_end_a_release(canary: SimulatedStage) -> None:
    def fail(_: dict[str, Any]) -> None:
        raise CallError("CloudWatchException", "no data")

    canary.hooks["cloudwatch:getMetricData"] = fail
    output = canary.release()
    assert output["outcome"] == "Released"
    assert {step["requests"] for step in output["steps"]} == {-1}


def busy_until(stage: SimulatedStage, attempt: int) -> None:
    """Let the first attempts to update the stack fail, because another update runs."""
    attempts = iter(range(attempt))

    def hook(_: dict[str, Any]) -> None:
        if next(attempts, None) is not None:
            raise CallError("CloudFormation.CloudFormationException", BUSY)

    stage.hooks["cloudformation:updateStack"] = hook


def test_a_busy_stack_delays_the_preparation(canary: SimulatedStage) -> None:
    busy_until(canary, 3)
    assert canary.release()["outcome"] == "Released"


def test_a_stack_that_stays_busy_is_refused(canary: SimulatedStage) -> None:
    busy_until(canary, 1000)
    assert canary.release()["error"] == "Refused"
    assert canary.updates == []


def test_a_return_waits_for_a_busy_stack_after_it_changed_the_rule(canary: SimulatedStage) -> None:
    alarm_at(canary, "75-25")

    def hook(_: dict[str, Any]) -> None:
        if canary.withdrawals and next(attempts, None) is not None:
            raise CallError("CloudFormation.CloudFormationException", BUSY)

    attempts = iter(range(50))
    canary.hooks["cloudformation:updateStack"] = hook
    assert canary.release()["error"] == "Returned"
    assert canary.withdrawals == 1
    check_returned(canary)


def test_a_return_never_withdraws_to_a_track_without_healthy_targets(
    canary: SimulatedStage,
) -> None:
    alarm_at(canary, "75-25")

    def hook(_: dict[str, Any]) -> None:
        if canary.alarming:
            canary.healthy["blue"] = 0

    canary.hooks["elasticloadbalancingv2:describeTargetHealth"] = hook
    output = canary.release()
    assert output["error"] == "NotReturned"
    assert canary.withdrawals == 0 and canary.position == "75-25"
    (message,) = canary.messages
    assert message[0] == "critical" and "no healthy target" in message[1]


def test_a_return_that_cannot_write_the_stack_pages(canary: SimulatedStage) -> None:
    alarm_at(canary, "75-25")

    def hook(_: dict[str, Any]) -> None:
        if canary.withdrawals:
            raise CallError("CloudFormation.CloudFormationException", BUSY)

    canary.hooks["cloudformation:updateStack"] = hook
    assert canary.release()["error"] == "NotReturned"
    assert canary.live == {"blue": 1}
    assert [topic for topic, _ in canary.messages] == ["critical"]


def test_a_rule_that_an_older_update_changed_again_is_withdrawn_again(
    canary: SimulatedStage,
) -> None:
    alarm_at(canary, "75-25")

    def hook(_: dict[str, Any]) -> None:
        if canary.position == "100-0" and canary.withdrawals == 1:
            canary.live = {"blue": 75, "green": 25}

    canary.hooks["elasticloadbalancingv2:describeRules"] = hook
    assert canary.release()["error"] == "Returned"
    assert canary.withdrawals == 2
    check_returned(canary)


def test_an_old_track_that_remains_is_reported_without_a_return(canary: SimulatedStage) -> None:
    def hook(_: dict[str, Any]) -> None:
        if canary.execution.entered[-1] == "Finish":
            raise CallError("CloudFormation.CloudFormationException", "denied")

    canary.hooks["cloudformation:updateStack"] = hook
    output = canary.release()
    assert output["error"] == "OldTrackRemains"
    assert canary.withdrawals == 0 and canary.position == "0-100"


# What is refused ------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "a strategy that the service does not have": ({}, {"strategy": "rolling"}, "no such service"),
    "an unknown service": ({}, {"service": "worker"}, "no such service"),
    "another position than the release begins at": (
        {"parameters": {"BackendTraffic": "75-25"}},
        {},
        "The release begins at the position blue. The position is 75-25.",
    ),
    "another image than the release names": ({}, {"previous": "other:1"}, "another image"),
    "a rule that was changed by hand": ({"live": {"blue": 50, "green": 50}}, {}, "listener rule"),
    "an alarm that is on": (
        {"alarming": {"spywatcher-production-backend-down"}},
        {},
        "spywatcher-production-backend-down",
    ),
    "no healthy target": ({"healthy": {"blue": 0, "green": 0}}, {}, "no healthy target"),
    "a stack that is not complete": (
        {"status": "UPDATE_ROLLBACK_FAILED"},
        {},
        "The workloads stack has the status UPDATE_ROLLBACK_FAILED.",
    ),
}


@pytest.mark.parametrize("state, changes, reason", REFUSED.values(), ids=REFUSED)
def test_a_release_is_refused_before_anything_changes(
    canary: SimulatedStage, state: dict[str, Any], changes: dict[str, str], reason: str
) -> None:
    for name, value in state.items():
        setattr(canary, name, canary.parameters | value if name == "parameters" else value)
    output = canary.release(**changes)
    assert output["error"] == "Refused"
    assert reason in output["reason"]
    assert canary.updates == [] and canary.withdrawals == 0


def other_execution(stage: SimulatedStage, name: str, started: str, state: str) -> None:
    stage.executions.append({"ExecutionArn": name, "Name": name, "StartDate": started})
    stage.phases[name] = state


@pytest.mark.parametrize(
    "started, state, is_busy",
    [
        ("2026-11-25T10:14:00.000Z", "Bake alarms", True),
        ("2026-11-25T10:14:00.000Z", "Hold alarms", False),
        ("2026-11-25T10:14:00.000Z", "Hold", False),
        ("2026-11-25T10:16:00.000Z", "Bake alarms", False),
    ],
    ids=["an earlier one", "one that holds", "one in its hold", "a later one"],
)
def test_one_release_of_a_stage_runs_at_a_time_except_for_holds(
    canary: SimulatedStage, started: str, state: str, is_busy: bool
) -> None:
    other_execution(canary, "frontend-1", started, state)
    output = canary.release()
    assert (output.get("error") == "Busy") == is_busy
    if is_busy:
        assert output["reason"] == "frontend-1 is running."


# Returns of releases that did not end by themselves -----------------------------------------------


def kill_at(stage: SimulatedStage, position: str, **changes: str) -> None:
    """Leave the stage as a release does that was stopped at a position."""
    release = {
        "service": "backend",
        "image": NEW,
        "release": "2",
        "strategy": "canary",
        "from": "blue",
        "previous": stage.parameters["BackendImage"],
    }
    stage.parameters |= {"BackendTraffic": position, "BackendGreenImage": NEW, "BackendFloor": "3"}
    stage.ended = {
        "Name": "backend-2",
        "Status": "ABORTED",
        "Input": json.dumps(release),
        **changes,
    }


@pytest.mark.parametrize("position", ["100-0", "95-5", "75-25", "0-100"])
def test_a_release_that_was_stopped_is_returned(canary: SimulatedStage, position: str) -> None:
    kill_at(canary, position)
    output = canary.run({"return": "arn"})
    assert output["error"] == "Returned"
    assert output["reason"] == "backend-2 ended with the status ABORTED."
    check_returned(canary)


@pytest.mark.parametrize("position", ["blue", "green"])
def test_nothing_is_returned_at_an_end_of_the_line(canary: SimulatedStage, position: str) -> None:
    kill_at(canary, position)
    assert canary.run({"return": "arn"})["outcome"] == "NothingToReturn"
    assert canary.updates == [] and canary.withdrawals == 0


@pytest.mark.parametrize("error", ["Busy", "Refused", "NotPrepared", "OldTrackRemains", "Returned"])
def test_a_release_that_ended_by_itself_is_not_returned(canary: SimulatedStage, error: str) -> None:
    kill_at(canary, "75-25", Status="FAILED", Error=error)
    assert canary.run({"return": "arn"})["outcome"] == "NothingToReturn"
    assert canary.withdrawals == 0


def test_a_return_leaves_alone_what_another_release_owns(canary: SimulatedStage) -> None:
    kill_at(canary, "75-25")
    other_execution(canary, "backend-3", "2026-11-25T10:20:00.000Z", "Bake")
    output = canary.run({"return": "arn"})
    assert output == {"outcome": "NothingToReturn", "reason": "Another release runs: backend-3"}


def test_a_release_that_failed_with_an_error_of_the_service_is_returned(
    canary: SimulatedStage,
) -> None:
    kill_at(canary, "75-25", Status="FAILED", Error="States.Runtime")
    assert canary.run({"return": "arn"})["error"] == "Returned"


def test_a_second_return_is_harmless(canary: SimulatedStage) -> None:
    kill_at(canary, "75-25")
    canary.run({"return": "arn"})
    updates = len(canary.updates)
    assert canary.run({"return": "arn"})["outcome"] == "NothingToReturn"
    assert len(canary.updates) == updates


def test_a_preparation_that_cloudformation_undoes_meanwhile_is_not_repeated(
    canary: SimulatedStage,
) -> None:
    """The release was stopped during its update. The return finds the stack in a rollback."""
    kill_at(canary, "100-0")

    def hook(_: dict[str, Any]) -> None:
        if canary.withdrawals:
            canary.parameters |= {"BackendTraffic": "blue", "BackendFloor": "2"}

    canary.hooks["cloudformation:describeStacks"] = hook
    assert canary.run({"return": "arn"})["error"] == "Returned"
    assert canary.positions == [] and canary.position == "blue"


# Rolling releases --------------------------------------------------------------------------------


def test_a_rolling_release_updates_the_image_and_observes_the_alarms(
    rolling: SimulatedStage,
) -> None:
    output = rolling.release(strategy="rolling")
    assert output["outcome"] == "Released"
    assert rolling.updates == [{"BackendImage": NEW, "MigrationsImage": NEW, "Release": "2"}]
    assert phases(rolling) == [
        *("Start", "Alone", "Survey", "Prepare", "Prepared", "Bake", "Released", "Done", "Success"),
    ]
    waits = [name for name in rolling.execution.entered if name == "Bake"]
    assert len(waits) * 20 == 120


def test_an_alarm_puts_the_previous_image_back_and_runs_no_job(rolling: SimulatedStage) -> None:
    previous = rolling.parameters["BackendImage"]

    def hook(_: dict[str, Any]) -> None:
        if rolling.updates:
            rolling.alarming = {"spywatcher-production-high-error-rate"}

    rolling.hooks["cloudwatch:describeAlarms"] = hook
    assert rolling.release(strategy="rolling")["error"] == "Returned"
    assert rolling.updates[1:] == [{"BackendImage": previous}]
    assert [topic for topic, _ in rolling.messages] == ["critical"]


def test_a_rolling_release_that_was_stopped_is_returned(rolling: SimulatedStage) -> None:
    previous = rolling.parameters["BackendImage"]
    kill_at(rolling, "blue")
    release = json.loads(rolling.ended["Input"]) | {"strategy": "rolling"}
    rolling.ended["Input"] = json.dumps(release)
    rolling.parameters["BackendImage"] = NEW
    assert rolling.run({"return": "arn"})["error"] == "Returned"
    assert rolling.parameters["BackendImage"] == previous


def test_a_stage_without_two_tracks_has_no_states_for_them(rolling: SimulatedStage) -> None:
    assert not {"Smoke", "Move", "Hold", "Finish"} & all_states(rolling.machine).keys()


# The definition --------------------------------------------------------------------------------


@pytest.fixture(params=["two tracks", "one track"])
def machine(
    request: pytest.FixtureRequest, two_tracks: SynthesizedStage, production: SynthesizedStage
) -> dict[str, Any]:
    stage = two_tracks if request.param == "two tracks" else production
    return SimulatedStage(stage).machine


def test_every_state_can_be_reached(machine: dict[str, Any]) -> None:
    assert reachable_states(machine) == set(all_states(machine))


def test_the_name_of_a_state_has_letters_and_spaces_only(machine: dict[str, Any]) -> None:
    """Other characters are not allowed (StateExitedEventDetails, Step Functions API)."""
    for name in all_states(machine):
        assert re.fullmatch("[A-Za-z ]{1,80}", name), name


def test_every_next_state_exists(machine: dict[str, Any]) -> None:
    states = all_states(machine)
    for name, state in states.items():
        for following in _following(state):
            assert following in states, f"{name} -> {following}"


def _following(state: dict[str, Any]) -> Iterator[str]:
    for rule in (state, *state.get("Choices", []), *state.get("Catch", [])):
        yield from (rule[key] for key in ("Next", "Default") if key in rule)


def test_every_task_has_a_timeout_retries_and_a_way_on_after_an_error(
    machine: dict[str, Any],
) -> None:
    for name, state in all_states(machine).items():
        if state["Type"] != "Task":
            continue
        assert state["TimeoutSeconds"] <= 60, name
        assert state["Retry"], name
        # The task in a Map has the catcher of the Map.
        assert name == "Alone phase" or state["Catch"][0]["ErrorEquals"] == ["States.ALL"], name


def test_an_error_after_the_preparation_leads_to_the_return(machine: dict[str, Any]) -> None:
    """After the first change, no error of a call ends the execution with changed traffic."""
    first = ("Prepared", "Healthy", "Smoke", "Move", "Moved", "Bake", "Hold")
    allowed = {"Return", "Move error", "Bake record", "NotPrepared"}
    for name, state in all_states(machine).items():
        if name.partition(" ")[0] in first:
            caught = {catcher["Next"] for catcher in state.get("Catch", [])}
            assert caught <= allowed, name


def test_the_role_allows_the_calls_of_the_definition(two_tracks: SynthesizedStage) -> None:
    prefixes = {"sfn": "states", "elasticloadbalancingv2": "elasticloadbalancing"}
    called = set()
    for action in called_actions(SimulatedStage(two_tracks).machine) - {""}:
        service, _, name = action.partition(":")
        called.add(f"{prefixes.get(service, service)}:{name}".lower())
    assert called <= allowed_actions(two_tracks, "delivery", "release")


def test_an_execution_has_fewer_events_than_step_functions_allows() -> None:
    """25,000 ("Step Functions service quotas"), with the longest bakes, hold and return."""
    events = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2}
    settings = with_strategy("canary", bake_minutes=(15, 10, 10, 10), hold_minutes=120)
    machine = SimulatedStage(synthesize(settings)).machine
    states = all_states(machine)
    backend = states["Start"]["Assign"]["services"]["backend"]

    def loop(phase: str) -> int:
        """Return the events of one round through the states of a phase."""
        return sum(
            events[state["Type"]]
            for name, state in states.items()
            if name.partition(" ")[0] == phase and state["Type"] in events
        )

    polls = sum(step["polls"] for step in backend["plans"]["canary"]["blue"])
    # A bake has the states of the hold, and three more at its end.
    observed = (polls + backend["holdPolls"]) * loop("Hold")
    waits = 180 * loop("Prepared") + 48 * loop("Healthy") + 5 * 60 * loop("Moved")
    returned = 360 * loop("Write") + 60 * loop("Verify") + 120 * (loop("Tidy") + loop("Tidied"))
    assert observed + waits + returned < 25_000


def test_an_execution_ends_before_its_timeout(machine: dict[str, Any]) -> None:
    """The bakes, the hold, the waits of the other phases and a return."""
    services = all_states(machine)["Start"]["Assign"]["services"]
    polls = max(
        sum(step["polls"] for step in plan) + service.get("holdPolls", 0)
        for service in services.values()
        for plans in service["plans"].values()
        for plan in plans.values()
    )
    assert polls * 20 + 2 * 3600 < machine["TimeoutSeconds"] < 8 * 3600
