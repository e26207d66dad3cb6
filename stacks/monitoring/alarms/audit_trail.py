"""Alarms on what CloudTrail records: the acts that an intruder cannot avoid."""

from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs

from constructs import Construct
from settings import StageSettings
from stacks.shared.alarm_factory import AT_LEAST, Advice, AlarmFactory, Missing
from stacks.shared.bootstrap import bootstrap_role_name
from stacks.shared.names import to_pascal_case, trail_name

_ATTACHMENTS = tuple(
    f"{verb}{owner}Policy"
    for verb in ("Attach", "Delete", "Detach", "Put")
    for owner in ("Group", "Role", "User")
)
_POLICIES_AND_BOUNDS = (
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


class _Watch(NamedTuple):
    """Patterns over the trail's events, and what it means that one matches.

    Several where one would be longer than the 1,024 characters that CloudWatch Logs takes.
    """

    patterns: tuple[str, ...]
    means: str


class AuditAlarms(Construct):
    """Root use, sign-in without a second factor, changes of policies, of trails, loss of keys.

    Metric filters over the trail's log group, not EventBridge rules: IAM and the console's sign-in
    write their events in us-east-1 (sign-in in other regions too), where a rule of another region
    hears nothing. The trail is multi-region, so its log group has them all. They are one for an
    account: the stage that owns what an account has once makes them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        trail_logs: logs.ILogGroup,
        make: AlarmFactory,
    ) -> None:
        """Make a filter and an alarm for each.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            trail_logs: where CloudTrail writes the account's events.
            make: makes the alarms, which the caller tells somebody of.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self.alarms = [
            self._alarm(name, watch, trail_logs, make) for name, watch in self._watches().items()
        ]

    def _watches(self) -> dict[str, _Watch]:
        # By which CloudFormation makes what the CDK deploys.
        by_hand = _not_by_role(bootstrap_role_name(cdk.Stack.of(self), "cfn-exec-role"))
        return {
            "root-use": _Watch(
                (
                    '($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && '
                    '($.eventType != "AwsServiceEvent")',
                ),
                "Somebody uses the account's root user, for which there is no daily need.",
            ),
            "sign-in-without-mfa": _Watch(
                (
                    '($.eventName = "ConsoleLogin") && '
                    '($.responseElements.ConsoleLogin = "Success") && '
                    '($.userIdentity.type != "AssumedRole") && '
                    '($.additionalEventData.MFAUsed != "Yes")',
                ),
                "Somebody has signed in to the console without a second factor.",
            ),
            "policy-change": _Watch(
                (
                    f"{_any_event('iam', _ATTACHMENTS)} && {by_hand}",
                    f"{_any_event('iam', _POLICIES_AND_BOUNDS)} && {by_hand}",
                ),
                "A permission was changed by hand: not by a reviewed deployment.",
            ),
            "trail-change": _Watch(
                (f"{_any_event('cloudtrail', _TRAIL_CHANGES)} && {by_hand}",),
                "The record of who did what was changed by hand, or stopped.",
            ),
            "key-loss": _Watch(
                (_any_event("kms", _KEY_LOSSES),),
                "A key is disabled or will be deleted, and with it all that it encrypts. "
                "CancelKeyDeletion takes it back.",
            ),
        }

    def _alarm(
        self, name: str, watch: _Watch, trail_logs: logs.ILogGroup, make: AlarmFactory
    ) -> cloudwatch.Alarm:
        words = to_pascal_case(name)
        for number, pattern in enumerate(watch.patterns, start=1):
            metric = logs.MetricFilter(
                self,
                f"{words}Filter{number}",
                log_group=trail_logs,
                filter_pattern=logs.FilterPattern.literal(f"{{ {pattern} }}"),
                filter_name=self._settings.resource_name(f"{name}-{number}"),
                metric_namespace=f"{self._settings.resource_name()}/audit",
                metric_name=name,
                metric_value="1",
            ).metric(statistic="Sum", period=cdk.Duration.minutes(5))
        return make.alarm(
            name,
            metric,
            AT_LEAST,
            1,
            advice=Advice(
                section=name,
                means=watch.means,
                look_at=f"who and what, in the log group {trail_name(self._settings)}",
            ),
            periods=1,
            missing=Missing.IS_FINE,
            pages_itself=True,
        )


def _any_event(service: str, names: tuple[str, ...]) -> str:
    events = " || ".join(f'($.eventName = "{name}")' for name in names)
    return f'($.eventSource = "{service}.amazonaws.com") && ({events})'


def _not_by_role(role: str) -> str:
    """Leave out what CloudFormation does on behalf of a deployment. Root has no session issuer."""
    issuer = "$.userIdentity.sessionContext.sessionIssuer.userName"
    return f'(({issuer} NOT EXISTS) || ({issuer} != "{role}"))'
