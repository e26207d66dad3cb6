"""The alarms on PostgreSQL and Redis: their thresholds, replicas and dimensions."""

import pytest

from tests.simulators.alarm_simulator import StageAlarms
from tests.stacks.monitoring.alarm_messages import with_read_replicas
from tests.synthesis import SynthesizedStage


def test_thresholds_are_percentages_of_the_instance_s_capacity(
    production: SynthesizedStage,
) -> None:
    """A db.t3.large has 8 GiB, 901 connections and 864 credits; a cache.t3.medium 576 credits."""
    alarms = StageAlarms(production).metric_alarms
    assert alarms["database-memory"]["Threshold"] == pytest.approx(0.1 * 8 * 1024**3)
    assert alarms["database-connections"]["Threshold"] == round(0.8 * 901)
    assert alarms["database-credits"]["Threshold"] == pytest.approx(0.2 * 864)
    assert alarms["cache-1-credits"]["Threshold"] == pytest.approx(0.2 * 576)


def test_storage_that_grows_warns_at_5_percent_of_its_initial_size(
    production: SynthesizedStage,
) -> None:
    threshold = StageAlarms(production).metric_alarms["database-storage"]["Threshold"]
    assert threshold == pytest.approx(0.05 * 100 * 1024**3)


def test_storage_that_does_not_grow_warns_at_20_percent(staging: SynthesizedStage) -> None:
    threshold = StageAlarms(staging).metric_alarms["database-storage"]["Threshold"]
    assert threshold == pytest.approx(0.2 * 50 * 1024**3)


def test_each_read_replica_has_alarms() -> None:
    alarms = StageAlarms(with_read_replicas())
    lag = alarms.metric_alarms["database-replica-2-replication"]
    (dimension,) = lag["Dimensions"]
    assert dimension["Value"] == "spywatcher-staging-replica-2"
    assert lag["TreatMissingData"] == "breaching"
    assert "database-replica-2-replication" in alarms.members("replication-broken")
    assert "database-replica-2-storage" in alarms.members("database-storage-warning")


def test_no_alarm_imports_an_export_of_the_data_stack(stage: SynthesizedStage) -> None:
    """CloudFormation refuses to change an imported export: a generation could not be replaced."""
    for name, alarm in StageAlarms(stage).metric_alarms.items():
        if name.startswith(("database", "cache")):
            assert "ImportValue" not in str(alarm["Dimensions"])
