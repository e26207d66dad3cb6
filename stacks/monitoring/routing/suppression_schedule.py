"""Alarms that are in ALARM at certain times of the week, in order to suppress other alarms.

Metric math knows the time in UTC only. EventBridge Scheduler therefore writes a metric in the time
zone of the settings: 1 while other alarms are suppressed, and 0 otherwise. If the schedules fail,
the metric has no data, the alarm is OK and nothing is suppressed: a notification at night is better
than none.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from constructs import Construct
from settings import StageSettings
from settings.maintenance import DAYS
from settings.monitoring import BusinessHoursSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.names import to_pascal_case

_STEP_MINUTES = 5
_MINUTES_PER_DAY = 24 * 60


class SuppressionSchedule(Construct):
    """A metric that follows a weekly schedule, and the alarm on it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        factory: AlarmFactory,
        name: str,
        description: str,
        time_zone: str,
        role: iam.IRole,
        is_suppressed: Callable[[int], bool],
    ) -> None:
        """Create the schedules that write the metric, and the alarm.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            factory: The factory of the metric alarms, for names and settings.
            name: The last part of the alarm's name.
            description: The description of the alarm.
            time_zone: The time zone of the schedules, by its IANA name.
            role: The role of the schedules, see `SuppressionScheduleRole`.
            is_suppressed: Takes a minute of the week, counted from Monday 00:00, and returns
                whether the alarm is in ALARM then.
        """
        super().__init__(scope, construct_id)
        metric = cloudwatch.Metric(
            namespace=_metric_namespace(factory.settings),
            metric_name=to_pascal_case(name),
            dimensions_map={"Stage": factory.settings.stage},
            statistic="Maximum",
            period=cdk.Duration.minutes(_STEP_MINUTES),
        )
        for value in (1, 0):
            for number, cron in enumerate(_cron_expressions(is_suppressed, value == 1), start=1):
                self._put_metric_data(
                    f"Write{value}At{number}", metric, value, cron, time_zone, role
                )
        self.alarm = self._create_alarm(factory.alarm_name(name), description, metric)

    def _put_metric_data(
        self,
        construct_id: str,
        metric: cloudwatch.Metric,
        value: int,
        cron: str,
        time_zone: str,
        role: iam.IRole,
    ) -> None:
        """Create a schedule that calls PutMetricData. It retries for less than a step."""
        dimensions = [
            {"Name": key, "Value": value} for key, value in (metric.dimensions or {}).items()
        ]
        datum = {"MetricName": metric.metric_name, "Dimensions": dimensions, "Value": value}
        scheduler.CfnSchedule(
            self,
            construct_id,
            schedule_expression=cron,
            schedule_expression_timezone=time_zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn="arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData",
                role_arn=role.role_arn,
                input=json.dumps({"Namespace": metric.namespace, "MetricData": [datum]}),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=(_STEP_MINUTES - 1) * 60, maximum_retry_attempts=3
                ),
            ),
        )

    def _create_alarm(
        self, alarm_name: str, description: str, metric: cloudwatch.Metric
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=alarm_name,
            alarm_description=description,
            metric=metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=0,
            evaluation_periods=1,
            # If the schedules fail, nothing is suppressed.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        acknowledge(
            alarm,
            "NIST.800.53.R5-CloudWatchAlarmAction",
            reason="It has no action by design. Composite alarms read its state to suppress their "
            "own actions.",
        )
        return alarm


class SuppressionScheduleRole(Construct):
    """The role of the schedules, which may write to one metric namespace."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: StageSettings) -> None:
        """Create the role.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings, which name the namespace.
        """
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            description="EventBridge Scheduler: write the metrics that suppress alarms",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
        )
        namespace = _metric_namespace(settings)
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                iam.PolicyStatement(
                    sid="PutSuppressionMetric",
                    actions=["cloudwatch:PutMetricData"],
                    resources=["*"],
                    conditions={"StringEquals": {"cloudwatch:namespace": namespace}},
                )
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="PutMetricData does not support resource-level permissions. A condition limits "
            "the role to the metric namespace of the suppression schedules.",
        )
        # A reference from the role, so that the schedules wait for the policy.
        self.role.add_managed_policy(policy)


def outside_business_hours(hours: BusinessHoursSettings) -> Callable[[int], bool]:
    """Return a function that says whether a minute of the week is outside business hours."""
    start, end = (int(time[:2]) * 60 + int(time[3:]) for time in (hours.start, hours.end))

    def is_outside(minute_of_week: int) -> bool:
        day, minute = divmod(minute_of_week, _MINUTES_PER_DAY)
        return DAYS[day] not in hours.days or not start <= minute < end

    return is_outside


def _metric_namespace(settings: StageSettings) -> str:
    return f"{settings.resource_name()}/clock"


class _TimesOfDay(NamedTuple):
    """The minutes and hours at which a cron expression fires on a day."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]


def _cron_expressions(is_suppressed: Callable[[int], bool], value: bool) -> list[str]:
    """Return cron expressions that fire at each step of the week with this suppression value."""
    days: dict[_TimesOfDay, list[str]] = {}
    for index, day in enumerate(DAYS):
        for times in _times_of_day(index * _MINUTES_PER_DAY, is_suppressed, value):
            days.setdefault(times, []).append(day.upper())
    return [
        f"cron({_minutes_field(times.minutes)} {_hours_field(times.hours)} ? * {','.join(on)} *)"
        for times, on in days.items()
    ]


def _times_of_day(
    first_minute: int, is_suppressed: Callable[[int], bool], value: bool
) -> Iterator[_TimesOfDay]:
    """Yield the steps of a day with this suppression value; hours with equal minutes are one item.

    Args:
        first_minute: The minute of the week at which the day starts.
        is_suppressed: The function of `SuppressionSchedule`.
        value: The suppression value.
    """
    hours_by_minutes: dict[tuple[int, ...], list[int]] = {}
    for hour in range(24):
        minutes = tuple(
            minute
            for minute in range(0, 60, _STEP_MINUTES)
            if is_suppressed(first_minute + hour * 60 + minute) is value
        )
        if minutes:
            hours_by_minutes.setdefault(minutes, []).append(hour)
    for minutes, hours in hours_by_minutes.items():
        yield _TimesOfDay(minutes, tuple(hours))


def _minutes_field(minutes: Sequence[int]) -> str:
    is_whole_hour = len(minutes) == 60 // _STEP_MINUTES
    return f"0/{_STEP_MINUTES}" if is_whole_hour else ",".join(map(str, minutes))


def _hours_field(hours: Sequence[int]) -> str:
    """Return the hours as ranges, such as `0-8,17-23`."""
    runs = [
        [hour for _, hour in run]
        for _, run in groupby(enumerate(hours), lambda pair: pair[1] - pair[0])
    ]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
