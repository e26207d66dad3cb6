"""Warnings about failed executions of the state machines."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.aws_cloudwatch import ComparisonOperator

from stacks.shared.alarm_factory import AlarmFactory, WarningGroup
from stacks.shared.names import to_pascal_case

WEEKEND_HOURS = 72
"""From Friday evening to Monday evening. An alarm on a single failure stays in ALARM for this time,
so that a failure outside business hours still notifies when they begin."""


def create_execution_warning(
    factory: AlarmFactory, name: str, *, state_machine_name: str, summary: str
) -> WarningGroup:
    """Warn when an execution fails, times out or is aborted.

    A state of the machine itself could not notify of a permission that the machine lacks.

    Args:
        factory: The factory of the alarm.
        name: The alarm's name, and its section of the runbook.
        state_machine_name: The state machine, which may belong to another stack.
        summary: The consequence of the failure.
    """
    state_machine = sfn.StateMachine.from_state_machine_name(
        factory.scope, f"{to_pascal_case(name)}Machine", state_machine_name
    )
    period = cdk.Duration.hours(1)
    metric = cloudwatch.MathExpression(
        expression="failed + timedOut + stopped",
        using_metrics={
            "failed": state_machine.metric_failed(period=period, statistic="Sum"),
            "timedOut": state_machine.metric_timed_out(period=period, statistic="Sum"),
            "stopped": state_machine.metric_aborted(period=period, statistic="Sum"),
        },
        label="Unsuccessful executions",
        period=period,
    )
    return factory.create_warning(
        name,
        metric,
        ComparisonOperator.GREATER_THAN_THRESHOLD,
        0,
        summary=summary,
        first_check=f"The last execution of the state machine {state_machine_name}, and its failed "
        "state",
        evaluation_periods=WEEKEND_HOURS,
        datapoints_to_alarm=1,
    )
