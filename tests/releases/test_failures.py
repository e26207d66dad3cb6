"""Releases that do not pass: how each ends, and where it leaves images, position and floor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tests.releases.recorder import Recorder
from tests.releases.stage import WORKLOADS, ReleaseStage
from tests.test_end_to_end import STAGE
from tools.release.deployed import DeployedService, other_track
from tools.release.executions import Execution

pytestmark = pytest.mark.nightly

Kill = Callable[[ReleaseStage, Execution], None]


def require_unchanged(stage: ReleaseStage, before: DeployedService) -> None:
    """Assert that the old image runs alone, with all traffic and the minimum of pods."""
    after = stage.backend()
    assert after.position == before.position
    assert after.images[before.position] == before.images[before.position]
    assert stage.parameters()["BackendFloor"] == "1"
    [rule] = stage.client("elbv2").describe_rules(RuleArns=[after.rule])["Rules"]
    assert rule["Actions"][0]["TargetGroupArn"] == after.target_groups[before.position]


# Before any traffic -----------------------------------------------------------------------


def test_an_alarm_that_is_on_refuses_the_release(stage: ReleaseStage, recorder: Recorder) -> None:
    before = stage.backend()
    stage.set_alarm("high-error-rate", "ALARM")

    call = stage.release("start", "backend", STAGE, "--image", stage.new_image())

    assert call.exit_code == 4
    assert "high-error-rate" in call.text
    assert recorder.positions() == [before.position]
    assert stage.backend() == before


def test_a_new_image_that_does_not_become_healthy_gets_no_traffic(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()
    stage.set_faults({new: {"health": "unhealthy"}})

    end = stage.wait_for_end(stage.start(new))

    assert end.error == "Returned"
    assert "healthy targets" in end.reason
    assert all(sample.tracks_with_traffic == {before.position} for sample in recorder.samples)
    require_unchanged(stage, before)


def test_a_new_image_that_fails_a_smoke_path_gets_no_traffic(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()
    stage.set_faults({new: {"http_status": 500}})

    end = stage.wait_for_end(stage.start(new, "blue-green"))

    assert end.error == "Returned"
    assert all(sample.tracks_with_traffic == {before.position} for sample in recorder.samples)
    require_unchanged(stage, before)


def test_two_releases_at_once_end_with_one_that_is_busy(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, machine = stage.backend(), stage.machine()
    values = {
        "service": "backend",
        "strategy": "blue-green",
        "from": before.position,
        "previous": before.images[before.position],
    }
    names = ("backend-20250101-000000", "backend-20250101-000001")
    images = [stage.new_image() for _ in names]
    releases = [
        machine.start(values | {"image": image, "release": name[8:]}, name)
        for name, image in zip(names, images, strict=True)
    ]

    ends = [stage.wait_for_end(release) for release in releases]

    assert [end.error for end in ends] == ["", "Busy"], ends[1].reason
    assert names[0] in ends[1].reason
    after = stage.backend()
    assert after.position == other_track(before.position)
    assert after.images[after.position] == images[0]


# With traffic -----------------------------------------------------------------------------


def test_a_new_track_that_loses_its_pods_is_returned(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()
    release = stage.start(new)
    stage.wait_for(release, "Bake", share=5)

    stage.set_faults({new: {"pods": 0}})

    assert stage.wait_for_end(release).error == "Returned"
    require_unchanged(stage, before)


def test_traffic_never_returns_to_a_track_without_healthy_targets(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before = stage.backend()
    release = stage.start(stage.new_image())
    stage.wait_for(release, "Bake", share=25)
    stage.set_faults({before.images[before.position]: {"pods": 0}})

    stage.set_alarm(f"backend-{other_track(before.position)}-errors", "ALARM")
    end = stage.wait_for_end(release)

    assert end.error == "NotReturned"
    stage.wait_until_quiet()
    status = stage.release("status", STAGE, "backend")
    assert status.exit_code == 5
    assert "Nobody watches this position" in status.text

    stage.set_faults({})
    call = stage.release("rollback", "backend", STAGE, "--because", "the targets are back")
    assert call.exit_code == 3, call.errors
    require_unchanged(stage, before)


@pytest.mark.parametrize(("phase", "share"), [("Bake", 25), ("Hold", 100)])
def test_a_rollback_returns_the_traffic(
    stage: ReleaseStage, recorder: Recorder, phase: str, share: int
) -> None:
    before = stage.backend()
    release = stage.start(stage.new_image())
    stage.wait_for(release, phase, share=share)

    call = stage.release("rollback", "backend", STAGE, "--because", "the test")

    assert call.exit_code == 3, call.errors
    require_unchanged(stage, before)


@pytest.mark.parametrize(
    "state",
    ["Prepare", "Prepared", "Healthy", "Smoke", "Move", "Moved", "Bake", "Released", "Hold"],
)
def test_a_killed_release_is_returned_by_the_rule(
    stage: ReleaseStage, recorder: Recorder, state: str
) -> None:
    before = stage.backend()
    with stage.holding_at(state):
        release = stage.start(stage.new_image(), "blue-green")
        stage.wait_for(release, state)

    stage.kill(release)

    end = stage.wait_for_end(release)
    assert end.error == "Returned" or end.output["outcome"] == "NothingToReturn"
    require_unchanged(stage, before)


def test_a_release_that_is_killed_while_it_finishes_stays_released(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()
    with stage.holding_at("Finished"):
        release = stage.start(new, "blue-green")
        stage.wait_for(release, "Finished")

    stage.kill(release)

    stage.wait_for_end(release)
    after = stage.backend()
    assert after.running_track == other_track(before.position)
    assert after.images[after.position] == new


def test_a_return_moves_the_traffic_at_once_while_the_stack_is_busy(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before = stage.backend()
    release = stage.start(stage.new_image())
    stage.wait_for(release, "Bake", share=25)
    _image, busy = _update_frontend_slowly(stage, seconds=4)

    stage.set_alarm(f"backend-{other_track(before.position)}-slow", "ALARM")
    _wait_for_only(recorder, before.position)
    assert busy.is_alive(), "the traffic must return before the update of the stack has ended"

    assert stage.wait_for_end(release).error == "Returned"
    busy.join()
    require_unchanged(stage, before)


def test_an_update_of_another_service_keeps_position_images_and_floor(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before = stage.backend()
    with stage.holding_at("Released"):
        release = stage.start(stage.new_image())
        stage.wait_for(release, "Released")
        kept = stage.parameters()
        image = _update_frontend_slowly(stage, seconds=0)[0]
        assert stage.parameters() == kept | {"FrontendImage": image}

    assert stage.release("rollback", "backend", STAGE, "--because", "x").exit_code == 3
    require_unchanged(stage, before)


def _wait_for_only(recorder: Recorder, track: str) -> None:
    give_up = time.monotonic() + 3
    while recorder.samples[-1].tracks_with_traffic != {track}:
        assert time.monotonic() < give_up, recorder.samples[-1]
        time.sleep(0.02)


def _update_frontend_slowly(stage: ReleaseStage, seconds: float) -> tuple[str, threading.Thread]:
    """Start an update of the stack that another person makes; it takes some seconds.

    Returns the new image, and the thread of the call.
    """
    image = stage.new_image()
    stage.set_faults({image: {"update_seconds": seconds}})
    client = stage.client("cloudformation")
    (found,) = client.describe_stacks(StackName=WORKLOADS)["Stacks"]
    parameters = [
        {"ParameterKey": p["ParameterKey"], "UsePreviousValue": True}
        for p in found["Parameters"]
        if p["ParameterKey"] != "FrontendImage"
    ]
    parameters.append({"ParameterKey": "FrontendImage", "ParameterValue": image})
    thread = threading.Thread(
        target=client.update_stack,
        kwargs={
            "StackName": WORKLOADS,
            "UsePreviousTemplate": True,
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        },
    )
    thread.start()
    if not seconds:
        thread.join()
    time.sleep(0.2)
    return image, thread
