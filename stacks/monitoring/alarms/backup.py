"""What AWS tells as an event and no metric shows: a failed rotation, a stopped trail, a backup."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns

from constructs import Construct
from settings import StageSettings
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from stacks.shared.alarm_factory import BELOW, Advice, AlarmFactory, Missing
from stacks.shared.names import instance_identifier, trail_name

_BACKUP_FINISHED = "RDS-EVENT-0002"
_HOURS_WITHOUT_BACKUP = 26
"""A day, the hour of the backup window, and an hour for the backup itself."""


class PagingEvents(Construct):
    """Rules that send an event to the critical topic, with the runbook's section in the text."""

    def __init__(
        self, scope: Construct, construct_id: str, *, make: AlarmFactory, topic: sns.ITopic
    ) -> None:
        """Make the rules.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            make: names what they refer to.
            topic: takes the events. Its policy lets EventBridge publish without a condition,
                which EventBridge does not take there.
        """
        super().__init__(scope, construct_id)
        self._make = make
        self._topic = topic
        name = make.settings.resource_name()
        stack = cdk.Stack.of(self)
        secrets = f"arn:{stack.partition}:secretsmanager:{stack.region}:{stack.account}:secret:"
        self._page(
            "RotationFailed",
            "rotation-failed",
            "Secrets Manager could not rotate a password; the old one stays in use.",
            "aws.secretsmanager",
            "AWS Service Event via CloudTrail",
            {
                "eventName": ["RotationFailed"],
                "additionalEventData": {"SecretId": [{"prefix": f"{secrets}{name}/"}]},
            },
            "$.detail.additionalEventData.SecretId",
        )
        trail = trail_name(make.settings)
        trail_arn = f"arn:{stack.partition}:cloudtrail:{stack.region}:{stack.account}:trail/{trail}"
        self._page(
            "TrailStopped",
            "trail-stopped",
            "The audit trail was stopped or deleted: nothing records who does what.",
            "aws.cloudtrail",
            "AWS API Call via CloudTrail",
            {
                "eventName": ["StopLogging", "DeleteTrail"],
                "requestParameters": {"name": [trail, trail_arn]},
            },
            "$.detail.userIdentity.arn",
        )

    def _page(
        self,
        construct_id: str,
        section: str,
        means: str,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        shown: str,
    ) -> None:
        """Send an event as three lines: what it means, whom it is about, what to do."""
        rule = events.Rule(
            self,
            construct_id,
            description=self._make.name(section),
            event_pattern=events.EventPattern(
                source=[source], detail_type=[detail_type], detail=dict(detail)
            ),
        )
        about = events.EventField.from_path(shown)
        when = events.EventField.time
        text = f"{self._make.name(section)}: {means} {about}, {when}. "
        message = events.RuleTargetInput.from_text(f"{text}Runbook: {self._make.runbook(section)}")
        rule.add_target(targets.SnsTopic(self._topic, message=message))


class BackupWatch(Construct):
    """An alarm on the nights in which RDS finished no backup.

    RDS has no metric of its backups. It tells of each finished one as an event; a rule records it
    in a log group, and how often the rule did so is a metric of EventBridge, which costs nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        make: AlarmFactory,
        logs_key: kms.IKey,
    ) -> None:
        """Make rule, record and alarm.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            make: makes the alarm.
            logs_key: encrypts the record.
        """
        super().__init__(scope, construct_id)
        instance = instance_identifier(make.settings, make.settings.database.active_generation)
        rule = self._record(make.settings, instance, logs_key)
        self.alarm: cloudwatch.Alarm = make.alarm(
            "backup-missing",
            cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="Invocations",
                dimensions_map={"RuleName": rule.ref},
                statistic="Sum",
                period=cdk.Duration.hours(1),
            ),
            BELOW,
            1,
            advice=Advice(
                section="backup-missing",
                means=f"RDS has finished no backup of PostgreSQL for {_HOURS_WITHOUT_BACKUP} "
                "hours. Until the first night of a new stage that is as it should be.",
                look_at=f"aws rds describe-db-snapshots --db-instance-identifier {instance} "
                "--snapshot-type automated",
            ),
            periods=_HOURS_WITHOUT_BACKUP,
            missing=Missing.IS_BAD,
            pages_itself=True,
        )

    def _record(
        self,
        settings: StageSettings,
        instance: str,
        logs_key: kms.IKey,
    ) -> events.CfnRule:
        group = EncryptedLogGroup(
            self,
            "Record",
            log_group_name=f"/aws/events/{settings.resource_name('backups')}",
            encryption_key=logs_key,
            retention_days=90,
        )
        logs.ResourcePolicy(
            self,
            "RecordPolicy",
            resource_policy_name=settings.resource_name("backup-events"),
            policy_statements=[
                iam.PolicyStatement(
                    principals=[
                        iam.ServicePrincipal("events.amazonaws.com"),
                        iam.ServicePrincipal("delivery.logs.amazonaws.com"),
                    ],
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[group.log_group_arn],
                )
            ],
        )
        stack = cdk.Stack.of(self)
        return events.CfnRule(
            self,
            "Rule",
            description="Record each finished backup of PostgreSQL",
            event_pattern={
                "source": ["aws.rds"],
                "detail-type": ["RDS DB Instance Event"],
                "detail": {"SourceIdentifier": [instance], "EventID": [_BACKUP_FINISHED]},
            },
            targets=[
                events.CfnRule.TargetProperty(
                    id="Record",
                    arn=stack.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=group.log_group_name,
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    ),
                )
            ],
        )
