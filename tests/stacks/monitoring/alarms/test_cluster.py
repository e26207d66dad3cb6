"""The alarms on the cluster."""

from tests.simulators.alarm_simulator import StageAlarms
from tests.synthesis import SynthesizedStage


def test_a_stage_without_container_insights_has_no_alarm_on_its_metrics(
    staging: SynthesizedStage,
) -> None:
    alarms = StageAlarms(staging).metric_alarms.values()
    namespaces = [alarm.get("Namespace") for alarm in alarms]
    assert "ContainerInsights" not in namespaces
    assert "AWS/EKS" in namespaces
