"""The schedule of the rotations."""

import pytest

from tests.stacks.data.resources import ROTATION_SCHEDULE, find_rotation
from tests.stacks.data.variants import synthesize_with
from tests.synthesis import SynthesizedStage

SECRETS = ("database/admin", "database/application", "cache/token")


def schedule_expression(stage: SynthesizedStage, secret: str) -> str:
    expression: str = find_rotation(stage, secret)["RotationRules"]["ScheduleExpression"]
    return expression


@pytest.mark.parametrize(
    "secret, hour", [("database/admin", 4), ("database/application", 5), ("cache/token", 6)]
)
def test_credentials_are_rotated_every_sunday_one_after_the_other(
    stage: SynthesizedStage, secret: str, hour: int
) -> None:
    assert find_rotation(stage, secret)["RotationRules"] == {
        "ScheduleExpression": f"cron(0 {hour} ? * SUN *)",
        "Duration": "1h",
    }


def test_every_rotation_has_its_own_slot(stage: SynthesizedStage) -> None:
    expressions = [
        resource["Properties"]["RotationRules"]["ScheduleExpression"]
        for resource in stage.resources("data", ROTATION_SCHEDULE).values()
    ]
    assert len(expressions) == len(set(expressions)) == len(SECRETS)


def test_the_rotations_follow_the_maintenance_window(staging: SynthesizedStage) -> None:
    moved = synthesize_with(staging, maintenance={"weekly_window": "sat:22:30-sun:00:00"})
    assert [schedule_expression(moved, secret) for secret in SECRETS] == [
        "cron(0 0 ? * SUN *)",
        "cron(0 1 ? * SUN *)",
        "cron(0 2 ? * SUN *)",
    ]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_deployment_rotates_no_credentials(stage: SynthesizedStage, secret: str) -> None:
    """The application's user does not exist before the first bootstrap of the database."""
    assert find_rotation(stage, secret)["RotateImmediatelyOnUpdate"] is False
