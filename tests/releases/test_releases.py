"""Releases that pass, and one that an alarm stops, through the CLI and the machine."""

from __future__ import annotations

import pytest

from tests.releases.recorder import Recorder
from tests.releases.stage import ReleaseStage
from tests.test_end_to_end import STAGE
from tools.release.deployed import other_track


def test_a_canary_walks_the_line_to_the_other_track(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()

    call = stage.release("start", "backend", STAGE, "--image", new, "--follow")

    assert call.exit_code == 0, call.errors
    line = ["blue", "95-5", "75-25", "0-100", "green"]
    if before.position == "green":
        line = ["green", "5-95", "25-75", "100-0", "blue"]
    _require_in_order(recorder.positions(), *line)
    track = other_track(before.position)
    assert stage.backend().images == dict(before.images) | {track: new}
    assert stage.parameters()["BackendFloor"] == "1"
    assert max(map(len, call.text.splitlines())) <= 80


@pytest.mark.nightly
def test_a_blue_green_release_moves_all_traffic_at_once(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before, new = stage.backend(), stage.new_image()

    arguments = ("--image", new, "--strategy", "blue-green", "--follow")
    call = stage.release("start", "backend", STAGE, *arguments)

    assert call.exit_code == 0, call.errors
    ends = {before.position, other_track(before.position), "100-0", "0-100"}
    assert set(recorder.positions()) <= ends
    assert stage.backend().images[other_track(before.position)] == new


def test_an_alarm_at_a_step_returns_the_traffic_with_one_update_of_listener_rules(
    stage: ReleaseStage, recorder: Recorder
) -> None:
    before = stage.backend()
    track, past = other_track(before.position), len(stage.events())
    release = stage.start(stage.new_image())
    stage.wait_for(release, "Moved", "Bake", share=25)

    stage.set_alarm(f"backend-{track}-errors", "ALARM")
    end = stage.wait_for_end(release)

    assert end.error == "Returned"
    assert f"backend-{track}-errors" in end.reason
    assert end.steps[-1]["share"] == 25
    after = stage.backend()
    assert after.position == before.position
    assert after.images[before.position] == before.images[before.position]
    _prepare, *moves, _tidy = _updates(stage.events()[past:])
    # To 5 %, to 25 %, and back.
    assert moves == [{"AWS::ElasticLoadBalancingV2::ListenerRule"}] * 3


def _require_in_order(found: list[str], *wanted: str) -> None:
    """Assert that positions were seen in their order. Short ones may be missing from `wanted`."""
    assert [position for position in found if position in wanted] == list(wanted), found


def _updates(events: list[dict[str, str]]) -> list[set[str]]:
    """Return the types of the resources that each update of the stack has changed."""
    updates: list[set[str]] = []
    for event in events:
        if event["ResourceType"] == "AWS::CloudFormation::Stack":
            if event["ResourceStatus"] == "UPDATE_IN_PROGRESS":
                updates.append(set())
        elif updates:
            updates[-1].add(event["ResourceType"])
    return updates
