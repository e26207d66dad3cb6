"""Creates metric alarms with the stage's names, and with descriptions that link to the runbook."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import operations_dashboard_name, to_pascal_case
from stacks.shared.runbooks import runbook_url

MINUTE = cdk.Duration.minutes(1)


@dataclass(frozen=True, kw_only=True)
class AlarmDescription:
    """The parts of an alarm's description, which the message to the operators repeats."""

    runbook_section: str
    """The section of docs/runbooks/alarms.md."""
    summary: str
    """What the alarm means for users, in a sentence."""
    first_check: str
    """The first command to run, or the first thing to look at."""


@dataclass(frozen=True, kw_only=True)
class WarningGroup:
    """Alarms whose composite alarm notifies once, such as one alarm for each Redis node."""

    description: AlarmDescription
    alarms: Sequence[cloudwatch.Alarm]


class AlarmFactory:
    """Creates the metric alarms of a stage.

    Most of them have no action of their own. `AlarmRouting` combines them into composite alarms,
    which page or notify.
    """

    def __init__(self, scope: Construct, settings: StageSettings) -> None:
        """Create alarms in the scope, with the settings' resource names."""
        self.scope = scope
        self.settings = settings

    def alarm_name(self, name: str) -> str:
        """Return the full name of an alarm, which begins with the stage's resource name."""
        return self.settings.resource_name(name)

    def create_alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        comparison_operator: ComparisonOperator,
        threshold: float,
        *,
        description: AlarmDescription,
        evaluation_periods: int,
        datapoints_to_alarm: int | None = None,
        treat_missing_data: TreatMissingData,
        has_own_action: bool = False,
    ) -> cloudwatch.Alarm:
        """Create an alarm.

        Args:
            name: The last part of the alarm's name.
            metric: The metric, whose period is the alarm's period.
            comparison_operator: How the metric breaches the threshold.
            threshold: In the unit of the metric.
            description: The text of the alarm's description.
            evaluation_periods: How many of the last periods CloudWatch evaluates.
            datapoints_to_alarm: How many of those must breach the threshold; all if not given.
            treat_missing_data: How CloudWatch evaluates a period without data.
            has_own_action: Whether the caller adds an action. Otherwise the alarm must belong to
                a composite alarm, which has the action.
        """
        alarm = cloudwatch.Alarm(
            self.scope,
            to_pascal_case(name),
            alarm_name=self.alarm_name(name),
            alarm_description=self.description_text(description),
            metric=metric,
            comparison_operator=comparison_operator,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=datapoints_to_alarm,
            treat_missing_data=treat_missing_data,
        )
        if not has_own_action:
            acknowledge(
                alarm,
                "NIST.800.53.R5-CloudWatchAlarmAction",
                reason="The composite alarm that contains this alarm has the actions, because "
                "CloudWatch can suppress only the actions of composite alarms. A test checks that "
                "every alarm without an action belongs to a composite alarm.",
            )
        return alarm

    def create_warning(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        comparison_operator: ComparisonOperator,
        threshold: float,
        *,
        summary: str,
        first_check: str,
        evaluation_periods: int,
        datapoints_to_alarm: int | None = None,
    ) -> WarningGroup:
        """Create one alarm that is a warning by itself, with a runbook section of the same name.

        Missing data does not breach, because other alarms observe whether the resource reports at
        all. The arguments are those of `create_alarm` and `AlarmDescription`.
        """
        description = AlarmDescription(
            runbook_section=name, summary=summary, first_check=first_check
        )
        alarm = self.create_alarm(
            name,
            metric,
            comparison_operator,
            threshold,
            description=description,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=datapoints_to_alarm,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )
        return WarningGroup(description=description, alarms=[alarm])

    def description_text(self, description: AlarmDescription) -> str:
        """Return the description with its links. CloudWatch allows 1,024 characters."""
        settings = self.settings
        dashboard = (
            f"https://{settings.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={settings.region}#dashboards/dashboard/{operations_dashboard_name(settings)}"
        )
        return (
            f"{description.summary}\n\nFirst check: {description.first_check}\nDashboard: "
            f"{dashboard}\nRunbook: {self.runbook_section_url(description.runbook_section)}"
        )

    def runbook_section_url(self, section: str) -> str:
        """Return the URL of a section of docs/runbooks/alarms.md."""
        return f"{runbook_url(self.settings, 'alarms')}#{section}"
