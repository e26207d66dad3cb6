"""Alarms that follow the calendar: they are in ALARM while others are not to be heard.

CloudWatch's metric math knows UTC only, so EventBridge Scheduler writes a metric in the stage's
time zone: 1 while it is quiet, 0 while it is not. If the schedules break, the metric is missing,
the alarm is OK, and everything is heard: better a mail at night than none.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from constructs import Construct
from settings import StageSettings
from settings.maintenance import DAYS
from settings.monitoring import BusinessHoursSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import ABOVE, AlarmFactory, Missing
from stacks.shared.names import to_pascal_case

STEP_MINUTES = 5
_DAY_MINUTES = 24 * 60


class SuppressionSchedule(Construct):
    """A metric of a stage that follows a week, and the alarm on it."""

    def __init__(
        self,
        scope: Construct,
        construct_id_: str,
        *,
        make: AlarmFactory,
        name: str,
        description: str,
        time_zone: str,
        role: iam.IRole,
        is_quiet: Callable[[int], bool],
    ) -> None:
        """Make metric, schedules and alarm.

        Args:
            scope: where the construct lives.
            construct_id_: its id there.
            make: names the alarm.
            name: the last part of the alarm's name.
            description: the alarm's.
            time_zone: of the week, as the IANA database has it.
            role: writes the metric, see `SuppressionScheduleRole`.
            is_quiet: says of a minute of the week, from Monday 00:00, whether it is quiet.
        """
        super().__init__(scope, construct_id_)
        namespace_ = namespace(make.settings)
        metric_name = to_pascal_case(name)
        stage = make.settings.stage
        for value, wanted in ((1, True), (0, False)):
            datum = {
                "MetricName": metric_name,
                "Dimensions": [{"Name": "Stage", "Value": stage}],
                "Value": value,
            }
            call = {"Namespace": namespace_, "MetricData": [datum]}
            for number, cron in enumerate(_crons(is_quiet, wanted), start=1):
                self._schedule(f"Write{value}At{number}", cron, time_zone, call, role)
        self.alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=make.name(name),
            alarm_description=description,
            metric=cloudwatch.Metric(
                namespace=namespace_,
                metric_name=metric_name,
                dimensions_map={"Stage": stage},
                statistic="Maximum",
                period=cdk.Duration.minutes(STEP_MINUTES),
            ),
            comparison_operator=ABOVE,
            threshold=0,
            evaluation_periods=1,
            treat_missing_data=Missing.IS_FINE,
        )
        acknowledge(
            self.alarm,
            "NIST.800.53.R5-CloudWatchAlarmAction",
            reason="It tells nobody on purpose: composite alarms read its state to hold back "
            "their own actions.",
        )

    def _schedule(
        self,
        construct_id_: str,
        cron: str,
        time_zone: str,
        call: Mapping[str, Any],
        role: iam.IRole,
    ) -> None:
        """Call PutMetricData whenever the expression is due; late by a step is of no use."""
        scheduler.CfnSchedule(
            self,
            construct_id_,
            schedule_expression=cron,
            schedule_expression_timezone=time_zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn="arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData",
                role_arn=role.role_arn,
                input=json.dumps(call),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=STEP_MINUTES * 60 - 60, maximum_retry_attempts=3
                ),
            ),
        )


class SuppressionScheduleRole(Construct):
    """The role of the clocks' schedules: it writes to one namespace of metrics."""

    def __init__(self, scope: Construct, construct_id_: str, *, settings: StageSettings) -> None:
        """Make the role.

        Args:
            scope: where the construct lives.
            construct_id_: its id there.
            settings: the stage's settings, which name the namespace.
        """
        super().__init__(scope, construct_id_)
        self.role = iam.Role(
            self,
            "Role",
            description="EventBridge Scheduler: write the metric that quiets alarms",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
        )
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            roles=[self.role],
            statements=[
                iam.PolicyStatement(
                    sid="WriteTheClock",
                    actions=["cloudwatch:PutMetricData"],
                    resources=["*"],
                    conditions={"StringEquals": {"cloudwatch:namespace": namespace(settings)}},
                )
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            reason="PutMetricData knows no resources; the condition on the namespace leaves it "
            "the stage's clocks alone.",
        )


def namespace(settings: StageSettings) -> str:
    """Return the namespace of the clocks' metrics, which no other writer may use."""
    return f"{settings.resource_name()}/clock"


def outside_business_hours(hours: BusinessHoursSettings) -> Callable[[int], bool]:
    """Return what says of a minute of the week whether nobody reads."""
    start, end = (int(time[:2]) * 60 + int(time[3:]) for time in (hours.start, hours.end))

    def is_quiet(minute_of_week: int) -> bool:
        day, minute = divmod(minute_of_week, _DAY_MINUTES)
        return DAYS[day] not in hours.days or not start <= minute < end

    return is_quiet


class _Due(NamedTuple):
    """When a cron expression is due on a day."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]


def _crons(is_quiet: Callable[[int], bool], wanted: bool) -> list[str]:
    """Return cron expressions that are due at each step of the week that is wanted."""
    days: dict[_Due, list[str]] = {}
    for index, day in enumerate(DAYS):
        for due in _due(index * _DAY_MINUTES, is_quiet, wanted):
            days.setdefault(due, []).append(day.upper())
    return [
        f"cron({_minutes(due.minutes)} {_ranges(due.hours)} ? * {','.join(on)} *)"
        for due, on in days.items()
    ]


def _due(start: int, is_quiet: Callable[[int], bool], wanted: bool) -> Iterator[_Due]:
    """Yield what is due on the day that starts at this minute, hours of the same minutes as one."""
    hours: dict[tuple[int, ...], list[int]] = {}
    for hour in range(24):
        minutes = tuple(
            minute
            for minute in range(0, 60, STEP_MINUTES)
            if is_quiet(start + hour * 60 + minute) is wanted
        )
        if minutes:
            hours.setdefault(minutes, []).append(hour)
    for minutes, on in hours.items():
        yield _Due(minutes, tuple(on))


def _minutes(minutes: Sequence[int]) -> str:
    every = len(minutes) == 60 // STEP_MINUTES
    return f"0/{STEP_MINUTES}" if every else ",".join(map(str, minutes))


def _ranges(numbers: Sequence[int]) -> str:
    """Return 0-8,17-23 for the numbers in it."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
