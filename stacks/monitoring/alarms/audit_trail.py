"""Alarms on API calls that CloudTrail records and that only an attacker or an emergency needs."""

from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from constructs import Construct
from settings import StageSettings
from stacks.shared.alarm_factory import AlarmDescription, AlarmFactory
from stacks.shared.bootstrap import bootstrap_role_name
from stacks.shared.names import to_pascal_case, trail_name

_ATTACHMENTS = tuple(
    f"{verb}{owner}Policy"
    for verb in ("Attach", "Delete", "Detach", "Put")
    for owner in ("Group", "Role", "User")
)
_POLICIES_AND_BOUNDARIES = (
    *("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion"),
    *("DeleteRolePermissionsBoundary", "DeleteUserPermissionsBoundary"),
    *("PutRolePermissionsBoundary", "PutUserPermissionsBoundary"),
    *("SetDefaultPolicyVersion", "UpdateAssumeRolePolicy"),
)
_TRAIL_CHANGES = (
    *("CreateTrail", "DeleteTrail", "PutEventSelectors", "StopLogging", "StartLogging"),
    "UpdateTrail",
)
_KEY_LOSSES = ("DisableKey", "ScheduleKeyDeletion")


class _Detection(NamedTuple):
    """Filter patterns over the events of the trail, and the summary of the alarm on them.

    A detection has a second pattern where one pattern would exceed the 1,024 characters that
    CloudWatch Logs accepts.
    """

    patterns: tuple[str, ...]
    summary: str


class AuditTrailAlarms(Construct):
    """Alarms on root use, sign-in without MFA, and changes to policies, trails and KMS keys.

    They use metric filters on the trail's log group, because EventBridge rules would miss events:
    IAM, and in part the console sign-in, record theirs in us-east-1, and a rule matches the events
    of its own Region. The multi-Region trail collects all of them. Each stage has such a trail, and
    the alarms observe the whole account, so only a stage that monitors the account has them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        trail_logs: logs.ILogGroup,
        factory: AlarmFactory,
    ) -> None:
        """Create the metric filters and the alarms.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            trail_logs: The log group that CloudTrail writes to.
            factory: The factory of the alarms. The caller adds their actions.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self.alarms = {
            name: self._create_alarm(name, detection, trail_logs, factory)
            for name, detection in self._detections().items()
        }

    def _detections(self) -> dict[str, _Detection]:
        # CloudFormation assumes this role to deploy the stacks.
        not_by_deployment = _not_by_role(bootstrap_role_name(cdk.Stack.of(self), "cfn-exec-role"))
        return {
            "root-use": _Detection(
                (
                    '($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && '
                    '($.eventType != "AwsServiceEvent")',
                ),
                "Somebody used the root user of the account, which daily work does not need.",
            ),
            "sign-in-without-mfa": _Detection(
                (
                    '($.eventName = "ConsoleLogin") && '
                    '($.responseElements.ConsoleLogin = "Success") && '
                    '($.userIdentity.type != "AssumedRole") && '
                    '($.additionalEventData.MFAUsed != "Yes")',
                ),
                "Somebody signed in to the console without MFA.",
            ),
            "policy-change": _Detection(
                (
                    f"{_any_event('iam', _ATTACHMENTS)} && {not_by_deployment}",
                    f"{_any_event('iam', _POLICIES_AND_BOUNDARIES)} && {not_by_deployment}",
                ),
                "Somebody changed a permission by hand, without a reviewed deployment.",
            ),
            "trail-change": _Detection(
                (f"{_any_event('cloudtrail', _TRAIL_CHANGES)} && {not_by_deployment}",),
                "Somebody changed or stopped the audit trail by hand.",
            ),
            "key-loss": _Detection(
                (_any_event("kms", _KEY_LOSSES),),
                "Somebody disabled a KMS key, or scheduled its deletion. The data that it encrypts "
                "becomes unreadable. CancelKeyDeletion reverts a scheduled deletion.",
            ),
        }

    def _create_alarm(
        self, name: str, detection: _Detection, trail_logs: logs.ILogGroup, factory: AlarmFactory
    ) -> cloudwatch.Alarm:
        """Create a metric filter for each pattern, and an alarm on the metric that they share."""
        for number, pattern in enumerate(detection.patterns, start=1):
            metric = logs.MetricFilter(
                self,
                f"{to_pascal_case(name)}Filter{number}",
                log_group=trail_logs,
                filter_pattern=logs.FilterPattern.literal(f"{{ {pattern} }}"),
                filter_name=self._settings.resource_name(f"{name}-{number}"),
                metric_namespace=f"{self._settings.resource_name()}/audit",
                metric_name=name,
                metric_value="1",
            ).metric(statistic="Sum", period=cdk.Duration.minutes(5))
        return factory.create_alarm(
            name,
            metric,
            ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            1,
            description=AlarmDescription(
                runbook_section=name,
                summary=detection.summary,
                first_check="The identity and the event in the log group "
                f"{trail_name(self._settings)}",
            ),
            evaluation_periods=1,
            # A period without data is a period without such an event.
            treat_missing_data=TreatMissingData.NOT_BREACHING,
            has_own_action=True,
        )


def _any_event(service: str, names: tuple[str, ...]) -> str:
    events = " || ".join(f'($.eventName = "{name}")' for name in names)
    return f'($.eventSource = "{service}.amazonaws.com") && ({events})'


def _not_by_role(role_name: str) -> str:
    """Return a pattern that excludes a role. Events of users and root have no session issuer."""
    issuer = "$.userIdentity.sessionContext.sessionIssuer.userName"
    return f'(({issuer} NOT EXISTS) || ({issuer} != "{role_name}"))'
