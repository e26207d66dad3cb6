"""INFRASTRUCTURE.md, Planned Maintenance: its window, and the alarms on its failures."""

import pytest

from tests.simulators.alarm_simulator import StageAlarms
from tests.synthesis import SynthesizedStage
from tools.templates.text import as_text


def test_aws_patches_the_data_stores_in_the_window(stage: SynthesizedStage) -> None:
    instance = stage.only("data", "AWS::RDS::DBInstance")
    group = stage.only("data", "AWS::ElastiCache::ReplicationGroup")
    assert instance["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"
    assert group["PreferredMaintenanceWindow"] == "sun:02:00-sun:04:00"


@pytest.mark.parametrize(
    ("state_machine", "alarm_name"),
    [("node-patches", "node-patches-failed"), ("patches-by-aws", "plans-not-read")],
)
def test_a_failed_execution_notifies_even_after_a_weekend(
    stage: SynthesizedStage, state_machine: str, alarm_name: str
) -> None:
    """One failure in 72 hours keeps the alarm in ALARM until business hours."""
    alarms = StageAlarms(stage)
    alarm = alarms.metric_alarms[alarm_name]
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (72, 1)
    statistics = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    assert {statistic["Period"] for statistic in statistics} == {3600}
    assert {statistic["Metric"]["MetricName"] for statistic in statistics} == {
        *("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
    }
    full_name = stage.settings.resource_name(state_machine)
    for statistic in statistics:
        (dimension,) = statistic["Metric"]["Dimensions"]
        assert dimension["Name"] == "StateMachineArn"
        assert as_text(dimension["Value"]).endswith(f":stateMachine:{full_name}")
    assert alarms.topics(f"{alarm_name}-warning") == ["warning"]
