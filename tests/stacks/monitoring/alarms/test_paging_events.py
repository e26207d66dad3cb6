"""The rules that page for events."""

from tests.stacks.monitoring.alarm_messages import event_messages
from tests.synthesis import SynthesizedStage


def test_the_rules_page_for_a_failed_rotation_and_a_stopped_trail(
    stage: SynthesizedStage,
) -> None:
    rules = stage.resources("monitoring", "AWS::Events::Rule").values()
    patterns = [rule["Properties"]["EventPattern"]["detail"] for rule in rules]
    names = [pattern["eventName"] for pattern in patterns if "eventName" in pattern]
    assert sorted(names) == [["RotationFailed"], ["StopLogging", "DeleteTrail"]]
    assert len(event_messages(stage)) == 2
