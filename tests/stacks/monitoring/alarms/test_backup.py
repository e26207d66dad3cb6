"""The alarm on missing backups."""

from tests.simulators.alarm_simulator import StageAlarms
from tests.synthesis import SynthesizedStage


def test_a_backup_is_missing_after_26_hours(stage: SynthesizedStage) -> None:
    alarms = StageAlarms(stage)
    alarm = alarms.metric_alarms["backup-missing"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 26 * 3600
    assert alarms.topics("backup-missing") == ["critical"]
