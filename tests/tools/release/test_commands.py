"""The commands start, status, rollback and history, with a stub of the machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.tools.release.conftest import (
    BLUE,
    FRONTEND,
    GREEN,
    HELD_SECONDS,
    NEW,
    PASSING,
    STAGE,
    StubStage,
    fail_with,
    pass_to,
    wait_then,
)

Run = Callable[..., tuple[int, str]]
START = ("start", "backend", STAGE, "--image", NEW)
ROLLBACK = ("rollback", "backend", STAGE, "--because", "the test")


def test_a_release_starts_from_the_running_track(stage: StubStage, run: Run) -> None:
    stage.deploy(BackendTraffic="green")
    stage.define(PASSING)

    code, text = run(*START, "--strategy", "canary", "--follow")

    [execution] = stage.executions()
    values = json.loads(execution["input"])
    release = values.pop("release")
    assert values == {
        "service": "backend",
        "image": NEW,
        "strategy": "canary",
        "from": "green",
        "previous": GREEN,
    }
    assert execution["name"] == f"backend-{release}"
    assert code == 0
    assert f"backend-{release}: released backend@sha256:cccccccccccc" in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("Refused", 4),
        ("Busy", 4),
        ("NotPrepared", 4),
        ("Returned", 3),
        ("OldTrackRemains", 5),
        ("NotReturned", 5),
    ],
)
def test_the_exit_code_is_that_of_the_error_of_the_machine(
    stage: StubStage, run: Run, error: str, code: int
) -> None:
    stage.deploy()
    stage.define({"Alone": pass_to("End"), "End": fail_with(error, reason="the alarm x is on")})

    found, text = run(*START, "--strategy", "canary", "--follow")

    assert found == code
    assert "the alarm x is on" in _unwrapped(text)


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_without_follow_the_command_waits_until_the_stage_was_checked(
    stage: StubStage, run: Run
) -> None:
    stage.deploy()
    stage.define(
        {"Survey": wait_then(1, "End"), "End": fail_with("Refused", reason="an alarm is on")}
    )
    assert run(*START)[0] == 4


_DONE: dict[str, Any] = {"Done": {"Type": "Succeed"}}


def _start_and_stay_in(state: str, stage: StubStage, run: Run) -> None:
    """Start a release that stays in a state until the end of the test."""
    stage.deploy()
    stage.define({"Survey": pass_to(state), state: wait_then(HELD_SECONDS, "Done"), **_DONE})
    run(*START)


def test_without_follow_an_accepted_release_continues(stage: StubStage, run: Run) -> None:
    stage.deploy()
    stage.define(
        {"Survey": wait_then(1, "Prepare"), "Prepare": wait_then(HELD_SECONDS, "Done"), **_DONE}
    )

    code, text = run(*START)

    assert code == 0
    assert "release status staging backend --follow" in text
    assert [execution["status"] for execution in stage.executions()] == ["RUNNING"]


def test_a_release_while_another_runs_is_refused_with_its_name(stage: StubStage, run: Run) -> None:
    _start_and_stay_in("Bake", stage, run)

    code, text = run("start", "frontend", STAGE, "--image", NEW)

    assert code == 4
    assert f"{stage.executions()[0]['name']} runs; allowed: one release of a stage" in text
    assert len(stage.executions()) == 1


def test_another_service_can_be_released_during_hold(stage: StubStage, run: Run) -> None:
    _start_and_stay_in("Hold", stage, run)

    code, _text = run("start", "frontend", STAGE, "--image", NEW)

    assert code == 0
    assert stage.inputs()[0] | {"release": ""} == {
        "service": "frontend",
        "image": NEW,
        "release": "",
        "strategy": "rolling",
        "from": "blue",
        "previous": FRONTEND,
    }


def test_a_rollback_stops_the_release_and_follows_its_return(stage: StubStage, run: Run) -> None:
    _start_and_stay_in("Bake", stage, run)

    code, text = run(*ROLLBACK)

    returning, release = stage.executions()
    assert (release["status"], release["cause"]) == ("ABORTED", "the test")
    assert json.loads(returning["input"]) == {"return": release["executionArn"]}
    assert not returning["name"].startswith("backend-")
    assert code == 3
    assert "returned; the old image receives all traffic: the alarm x is on" in _unwrapped(text)


def test_a_rollback_waits_for_the_return_that_the_rule_has_started(
    stage: StubStage, run: Run
) -> None:
    _start_and_stay_in("Bake", stage, run)
    [release] = stage.executions()
    machine = release["stateMachineArn"]
    values = json.dumps({"return": release["executionArn"]})
    stage.sfn.start_execution(stateMachineArn=machine, input=values)

    assert run(*ROLLBACK)[0] == 3
    assert len(stage.executions()) == 2


def test_a_rollback_after_the_end_releases_the_image_of_the_other_track(
    stage: StubStage, run: Run
) -> None:
    stage.deploy()
    stage.define(PASSING)

    code, _text = run(*ROLLBACK)

    assert code == 0
    [values] = stage.inputs()
    assert (values["image"], values["previous"]) == (GREEN, BLUE)
    assert (values["strategy"], values["because"]) == ("blue-green", "the test")


def test_a_rolling_service_returns_to_the_image_before_its_last_release(
    stage: StubStage, run: Run
) -> None:
    stage.deploy()
    stage.define(PASSING)
    assert run("rollback", "frontend", STAGE, "--because", "x")[0] == 4
    run("start", "frontend", STAGE, "--image", NEW, "--follow")
    stage.deploy(FrontendImage=NEW)
    _wait_for_the_next_second()

    code, _text = run("rollback", "frontend", STAGE, "--because", "x")

    assert code == 0
    assert stage.inputs()[0]["image"] == FRONTEND


def _wait_for_the_next_second() -> None:
    """Wait, because the name and the start of an execution have a resolution of a second."""
    time.sleep(1 - time.time() % 1)


def test_a_position_that_no_execution_moves_needs_a_person(stage: StubStage, run: Run) -> None:
    _start_and_stay_in("Bake", stage, run)
    stage.deploy(BackendTraffic="75-25")
    [release] = stage.executions()
    stage.sfn.stop_execution(executionArn=release["executionArn"])

    code, text = run("status", STAGE, "backend")
    assert code == 5
    assert "Nobody watches this position" in text

    assert run(*START)[0] == 4
    assert run(*ROLLBACK)[0] == 3
    assert json.loads(stage.executions()[0]["input"])["return"] == release["executionArn"]


def test_a_rollback_after_a_return_without_success_starts_another_return(
    stage: StubStage, run: Run
) -> None:
    stage.deploy(BackendTraffic="95-5")
    states = {"Survey": pass_to("End"), "End": fail_with("NotReturned", reason="stuck")}
    stage.define(states)
    arn = _start_at_blue(stage)

    assert run(*ROLLBACK)[0] == 3
    assert run(*ROLLBACK)[0] == 3

    assert [values for values in stage.inputs() if "return" in values] == [{"return": arn}] * 2


def test_a_track_that_was_not_removed_needs_a_deployment(stage: StubStage, run: Run) -> None:
    stage.deploy(BackendTraffic="100-0")
    stage.define({"Survey": pass_to("End"), "End": fail_with("Returned", reason="x")})
    _start_at_blue(stage)

    code, text = run(*ROLLBACK)

    assert code == 5
    assert "spywatcher-staging-workloads:BackendTraffic=blue" in text


def _start_at_blue(stage: StubStage) -> str:
    """Start a release, and return its ARN when it has ended."""
    machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:spywatcher-{STAGE}-release"
    values = json.dumps({"service": "backend", "strategy": "canary", "from": "blue"})
    started = stage.sfn.start_execution(
        stateMachineArn=machine, name="backend-20260101-000000", input=values
    )
    while stage.executions()[0]["status"] == "RUNNING":
        time.sleep(0.05)
    return str(started["executionArn"])


def test_status_shows_the_steps_in_80_columns(stage: StubStage, run: Run) -> None:
    stage.deploy()
    states = {
        "Survey": pass_to("Move"),
        "Move": pass_to("Bake"),
        "Bake": wait_then(HELD_SECONDS, "Done"),
    }
    stage.define(states | {"Done": PASSING["Done"]})
    run(*START, "--strategy", "canary")
    stage.deploy(BackendTraffic="95-5")

    code, text = run("status", STAGE, "backend")

    assert code == 0
    assert "95-5: blue 95 %, green 5 %" in text
    assert "now       observes the alarms" in text
    assert "95-5      baking    0:" in text
    assert "75-25     waiting" in text
    assert "release rollback backend staging --because TEXT" in text
    assert max(map(len, text.splitlines())) <= 80


def test_json_has_one_object_a_line(stage: StubStage, run: Run) -> None:
    stage.deploy()
    stage.define(PASSING)

    _code, text = run(*START, "--follow", "--json")

    *reports, end = [json.loads(line) for line in text.splitlines()]
    assert reports[0]["position"] == "blue"
    assert end["exit_code"] == 0


def test_history_lists_the_releases_with_their_outcomes(stage: StubStage, run: Run) -> None:
    stage.deploy()
    stage.define(PASSING)
    assert "No release in the last 90 days" in run("history", STAGE)[1]
    run(*START, "--follow")
    _wait_for_the_next_second()
    run("start", "frontend", STAGE, "--image", NEW, "--follow")

    code, text = run("history", STAGE)

    heading, first, second = text.splitlines()
    assert code == 0
    assert heading.split() == ["started", "(UTC)", "service", "image", "share", "outcome"]
    assert ("frontend" in first, "backend" in second) == (True, True)
    assert "cccccccccccc" in first
    assert len(run("history", STAGE, "frontend")[1].splitlines()) == 2
