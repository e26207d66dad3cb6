"""How an alarm is made: its name, its description, and what a minute without data stands for."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import operations_dashboard_name, to_pascal_case
from stacks.shared.runbooks import runbook

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
MINUTE = cdk.Duration.minutes(1)


class Missing:
    """What a period without data stands for. Every alarm says which, and why."""

    IS_BAD = cloudwatch.TreatMissingData.BREACHING
    """The resource reports as long as it lives."""
    IS_FINE = cloudwatch.TreatMissingData.NOT_BREACHING
    """Nothing happened, or another alarm watches that the resource lives."""
    CHANGES_NOTHING = cloudwatch.TreatMissingData.IGNORE
    """Data comes so seldom that a gap means nothing."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What the one who is told needs to know."""

    section: str
    """The section of docs/runbooks/alarms.md, and the name of the page or the notification."""
    means: str
    """For users, in a sentence."""
    look_at: str
    """The first command, or the first thing to look at."""


@dataclass(frozen=True, kw_only=True)
class WarningGroup:
    """Alarms that are one thing to the one who hears of them, as of each node of the cache."""

    advice: Advice
    alarms: Sequence[cloudwatch.Alarm]


class AlarmFactory:
    """Makes a stage's alarms. Most tell nobody: what pages or notifies is made of them."""

    def __init__(self, scope: Construct, settings: StageSettings) -> None:
        """Make the alarms in a scope, under the stage's name."""
        self.scope = scope
        self.settings = settings

    def name(self, name: str) -> str:
        """Return an alarm's whole name."""
        return self.settings.resource_name(name)

    def alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        *,
        advice: Advice,
        periods: int,
        missing: cloudwatch.TreatMissingData,
        pages_itself: bool = False,
        remembered_periods: int | None = None,
    ) -> cloudwatch.Alarm:
        """Make an alarm on a metric.

        Args:
            name: the last part of its name.
            metric: what it watches.
            comparison: on which side of the threshold it goes off.
            threshold: in the metric's unit.
            advice: for the description.
            periods: how many of the metric's periods it must be on that side without a break.
            missing: what a period without data stands for, one of `Missing`.
            pages_itself: whether it gets an action of its own, and is in no composite alarm.
            remembered_periods: of how many periods `periods` are enough. For what happens in a
                moment of the night and is told in the morning; a week of them at most.
        """
        alarm = cloudwatch.Alarm(
            self.scope,
            to_pascal_case(name),
            alarm_name=self.name(name),
            alarm_description=self.describe(advice),
            metric=metric,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=remembered_periods or periods,
            datapoints_to_alarm=periods if remembered_periods else None,
            treat_missing_data=missing,
        )
        if not pages_itself:
            acknowledge(
                alarm,
                "NIST.800.53.R5-CloudWatchAlarmAction",
                reason="The composite alarm that it is part of tells: only such a one can be held "
                "back, and a failure with its consequences be told once. A test checks that each "
                "alarm is part of one.",
            )
        return alarm

    def warning(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        *,
        means: str,
        look_at: str,
        periods: int,
        remembered_periods: int | None = None,
    ) -> WarningGroup:
        """Make an alarm that is a warning of its own, and its section of the runbook.

        The arguments are those of `alarm` and `Advice`. Missing data is fine: that the resource
        reports at all is not what a warning watches.
        """
        advice = Advice(section=name, means=means, look_at=look_at)
        alarm = self.alarm(
            name,
            metric,
            comparison,
            threshold,
            advice=advice,
            periods=periods,
            missing=Missing.IS_FINE,
            remembered_periods=remembered_periods,
        )
        return WarningGroup(advice=advice, alarms=[alarm])

    def describe(self, advice: Advice) -> str:
        """Return a description: what it means, where to look, what to do. 1024 characters fit."""
        settings = self.settings
        dashboard = (
            f"https://{settings.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={settings.region}#dashboards/dashboard/{operations_dashboard_name(settings)}"
        )
        return (
            f"{advice.means}\n\nLook at: {advice.look_at}\nDashboard: {dashboard}\n"
            f"Runbook: {self.runbook(advice.section)}"
        )

    def runbook(self, section: str) -> str:
        """Return the address of a section of the alarms' runbook."""
        return f"{runbook(self.settings, 'alarms')}#{section}"
