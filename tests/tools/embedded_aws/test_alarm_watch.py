"""The watch after a deployment, with alarms of the embedded AWS."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from settings import load_stage
from tools.operations.alarm_watch import AlarmWatch
from tools.operations.errors import OperationError

NAME = "spywatcher-staging-watched"
TOPIC = "arn:aws:sns:us-east-1:000000000000:spywatcher-staging-critical"


@pytest.fixture
def cloudwatch(aws: Callable[[str], Any]) -> Iterator[Any]:
    client = aws("cloudwatch")
    client.put_metric_alarm(
        AlarmName=NAME,
        AlarmDescription="Runbook: https://example.com",
        AlarmActions=[TOPIC],
        Namespace="n",
        MetricName="m",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    client.set_alarm_state(AlarmName=NAME, StateValue="OK", StateReason="quiet")
    yield client
    client.delete_alarms(AlarmNames=[NAME])


def test_an_alarm_that_goes_off_ends_the_watch(cloudwatch: Any) -> None:
    def go_off(seconds: float) -> None:
        cloudwatch.set_alarm_state(AlarmName=NAME, StateValue="ALARM", StateReason="a test")

    with pytest.raises(OperationError) as failure:
        AlarmWatch(cloudwatch, load_stage("staging")).watch(1, go_off)
    assert str(failure.value) == f"{NAME} went off: a test\nRunbook: https://example.com"


def test_an_alarm_that_was_off_before_does_not_end_it(cloudwatch: Any) -> None:
    cloudwatch.set_alarm_state(AlarmName=NAME, StateValue="ALARM", StateReason="before")
    result = AlarmWatch(cloudwatch, load_stage("staging")).watch(0.02)
    assert result.endswith(f"In ALARM since before: {NAME}.")
