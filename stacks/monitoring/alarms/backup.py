"""The alarm on missing backups of PostgreSQL."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from stacks.shared.alarm_factory import AlarmDescription, AlarmFactory
from stacks.shared.names import instance_identifier

_BACKUP_FINISHED = "RDS-EVENT-0002"
_HOURS_WITHOUT_BACKUP = 26
"""A day, one hour for the backup window, and one hour for the backup itself."""


class BackupAlarm(Construct):
    """An alarm that goes off when RDS has finished no automated backup for 26 hours.

    RDS has no metric of its backups, but sends an event for each finished one. A rule writes these
    events to a log group, and EventBridge publishes the invocations of the rule as a free metric.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, factory: AlarmFactory, logs_key: kms.IKey
    ) -> None:
        """Create the rule, its log group and the alarm.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            factory: The factory of the alarm. The caller adds its action.
            logs_key: The KMS key of the log group.
        """
        super().__init__(scope, construct_id)
        settings = factory.settings
        instance = instance_identifier(settings, settings.database.active_generation)
        log_group = self._create_log_group(settings.resource_name("backups"), logs_key)
        write_policy = self._let_eventbridge_write(
            log_group, settings.resource_name("backup-events")
        )
        rule = self._create_rule(instance, log_group)
        # EventBridge loses an event that it may not write.
        rule.node.add_dependency(write_policy)
        self.alarm: cloudwatch.Alarm = factory.create_alarm(
            "backup-missing",
            cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="Invocations",
                dimensions_map={"RuleName": rule.ref},
                statistic="Sum",
                period=cdk.Duration.hours(1),
            ),
            ComparisonOperator.LESS_THAN_THRESHOLD,
            1,
            description=AlarmDescription(
                runbook_section="backup-missing",
                summary=f"RDS has finished no backup of PostgreSQL for {_HOURS_WITHOUT_BACKUP} "
                "hours. This is expected before the first night of a new stage.",
                first_check=f"aws rds describe-db-snapshots --db-instance-identifier {instance} "
                "--snapshot-type automated",
            ),
            evaluation_periods=_HOURS_WITHOUT_BACKUP,
            # An hour without a backup has no data.
            treat_missing_data=TreatMissingData.BREACHING,
            has_own_action=True,
        )

    def _create_log_group(self, name: str, logs_key: kms.IKey) -> logs.LogGroup:
        return EncryptedLogGroup(
            self,
            "Record",
            log_group_name=f"/aws/events/{name}",
            encryption_key=logs_key,
            retention_days=90,
        )

    def _let_eventbridge_write(
        self, log_group: logs.LogGroup, policy_name: str
    ) -> logs.ResourcePolicy:
        return logs.ResourcePolicy(
            self,
            "RecordPolicy",
            resource_policy_name=policy_name,
            policy_statements=[
                iam.PolicyStatement(
                    principals=[
                        iam.ServicePrincipal("events.amazonaws.com"),
                        iam.ServicePrincipal("delivery.logs.amazonaws.com"),
                    ],
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log_group.log_group_arn],
                )
            ],
        )

    def _create_rule(self, instance: str, log_group: logs.LogGroup) -> events.CfnRule:
        # The L2's CloudWatchLogGroup target would add a custom resource for the resource policy.
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
                    arn=cdk.Stack.of(self).format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=log_group.log_group_name,
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    ),
                )
            ],
        )
